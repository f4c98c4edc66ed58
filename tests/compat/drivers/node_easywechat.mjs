// node-easywechat: EasyWeChat's structure in Node; its address is http.baseURL, as in PHP.
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";

import { speak } from "./speak.mjs";

const { GATE_URL, APP_ID, KEY, PICTURE, MODULES } = process.env;
const { OfficialAccount } = createRequire(`${MODULES}/index.js`)("node-easywechat");

// Its cache is of files, which hold tokens: none outlives the driver.
const caches = mkdtempSync("cache-");
process.on("exit", () => rmSync(caches, { recursive: true, force: true }));

const newApp = () =>
  new OfficialAccount({
    app_id: APP_ID,
    secret: KEY,
    file_cache: { path: mkdtempSync(`${caches}/`) },
    http: GATE_URL ? { baseURL: `${GATE_URL}/` } : {},
  });


const app = newApp();
const client = app.getClient();
let cover, draft;

// It leaves it to its users whether an answer is a refusal.
const checked = async (asked) => {
  const answer = (await asked).toObject();
  if (answer.errcode) throw new Error(JSON.stringify(answer));
  return answer;
};

await speak({
  token: async () => ({ access_token: await app.getAccessToken().getToken() }),
  cold: async () => ({
    tokens: await Promise.all(
      Array.from({ length: 20 }, () => newApp().getAccessToken().getToken()),
    ),
  }),
  upload: async () => {
    const answer = await checked(
      client.post("/cgi-bin/material/add_material", {
        params: { type: "image" },
        formData: { media: createReadStream(PICTURE) },
      }),
    );
    cover = answer.media_id;
    return answer;
  },
  draft: async () => {
    const article = { title: "兼容测试", content: "<p>你好</p>", thumb_media_id: cover };
    const answer = await checked(client.postJson("/cgi-bin/draft/add", { articles: [article] }));
    draft = answer.media_id;
    return answer;
  },
  publish: async () =>
    checked(client.postJson("/cgi-bin/freepublish/submit", { media_id: draft })),
});
