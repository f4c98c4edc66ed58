// @wenyan-md/core, as `wenyan publish --server` of its command line calls it.
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";

import { speak } from "./speak.mjs";

const { GATE_URL, APP_ID, KEY, PICTURE, MODULES } = process.env;
const wrapper = `${MODULES}/node_modules/@wenyan-md/core/dist/wrapper.js`;
const { renderAndPublishToServer } = await import(pathToFileURL(wrapper));

const folder = dirname(PICTURE);
const picture = basename(PICTURE);
await writeFile(
  `${folder}/文章.md`,
  `---
title: 文颜写的标题
cover: ./${picture}
author: 作者
---

## 第一节

正文，有**着重**，有[链接](https://example.com/post)。

![一张图](./${picture})

\`\`\`python
print("你好")
\`\`\`
`,
);

const publish = async (addition) => {
  const options = {
    server: `${GATE_URL}/wenyan`,
    apiKey: KEY,
    clientVersion: "2.0.0",
    appId: APP_ID,
    theme: "default",
    highlight: "solarized-light",
    macStyle: true,
    footnote: true,
  };
  const content = `${await readFile(`${folder}/文章.md`, "utf-8")}\n\n${addition}\n`;
  const read = async () => ({ content, absoluteDirPath: folder });
  return renderAndPublishToServer(undefined, options, read);
};

await speak({
  draft: async (addition) => ({ media_id: await publish(addition) }),
  cold: async () => ({
    media_ids: await Promise.all(
      Array.from({ length: 20 }, (_, number) => publish(`第 ${number} 篇。`)),
    ),
  }),
});
