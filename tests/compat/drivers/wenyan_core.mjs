// @wenyan-md/core: its WeChat client, whose only seam is the HTTP adapter that it is given.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { speak } from "./speak.mjs";

const { GATE_URL, APP_ID, KEY, PICTURE, MODULES } = process.env;
const from = (file) => import(pathToFileURL(`${MODULES}/node_modules/@wenyan-md/core/dist/${file}`));
const { createWechatClient } = await from("wechat.js");
const { defaultHttpAdapter } = await from("http.js");

const elsewhere = (url, init) => fetch(url.replace("https://api.weixin.qq.com", GATE_URL), init);
const adapter = GATE_URL ? { ...defaultHttpAdapter, fetch: elsewhere } : defaultHttpAdapter;
const newClient = () => createWechatClient(adapter);

const client = newClient();
let token, cover;
const live = async () => (token ??= (await client.fetchAccessToken(APP_ID, KEY)).access_token);

await speak({
  token: async () => ({ access_token: await live() }),
  cold: async () => ({
    tokens: await Promise.all(
      Array.from({ length: 20 }, async () => {
        return (await newClient().fetchAccessToken(APP_ID, KEY)).access_token;
      }),
    ),
  }),
  upload: async () => {
    const picture = new Blob([await readFile(PICTURE)]);
    const answer = await client.uploadMaterial("image", picture, "cover.jpg", await live());
    cover = answer.media_id;
    return answer;
  },
  draft: async () =>
    client.publishArticle(await live(), {
      title: "兼容测试",
      content: "<html><head></head><body><section>你好</section></body></html>",
      thumb_media_id: cover,
    }),
});
