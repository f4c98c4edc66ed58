// co-wechat-api: its prefixes are plain properties. Its own pool of connections takes no notice of
// HTTPS_PROXY; another agent is one of its options.
import { Agent } from "node:https";
import { createRequire } from "node:module";

import { speak } from "./speak.mjs";

const { GATE_URL, APP_ID, KEY, PICTURE, MODULES } = process.env;
const WechatAPI = createRequire(`${MODULES}/index.js`)("co-wechat-api");

const newClient = () => {
  const client = new WechatAPI(APP_ID, KEY);
  if (GATE_URL) client.prefix = `${GATE_URL}/cgi-bin/`;
  else client.setOpts({ agent: new Agent({ proxyEnv: process.env }) });
  return client;
};

const client = newClient();
let cover, draft;

// It has no calls for drafts: its users post to them with the parts that it exports.
const post = async (path, data) => {
  const { accessToken } = await client.ensureAccessToken();
  return client.request(`${client.prefix}${path}?access_token=${accessToken}`, {
    dataType: "json",
    method: "POST",
    data: JSON.stringify(data),
    headers: { "Content-Type": "application/json" },
  });
};

await speak({
  token: async () => ({ access_token: (await client.ensureAccessToken()).accessToken }),
  cold: async () => ({
    tokens: await Promise.all(
      Array.from({ length: 20 }, async () => (await newClient().ensureAccessToken()).accessToken),
    ),
  }),
  upload: async () => {
    const answer = await client.uploadImageMaterial(PICTURE);
    cover = answer.media_id;
    return answer;
  },
  draft: async () => {
    const article = { title: "兼容测试", content: "<p>你好</p>", thumb_media_id: cover };
    const answer = await post("draft/add", { articles: [article] });
    draft = answer.media_id;
    return answer;
  },
  publish: async () => post("freepublish/submit", { media_id: draft }),
});
