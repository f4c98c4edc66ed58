// @modelcontextprotocol/sdk: its client over streamable HTTP, a connection for each call.
import { pathToFileURL } from "node:url";

import { speak } from "./speak.mjs";

const { GATE_URL, APP_ID, KEY, MODULES } = process.env;
const sdk = `${MODULES}/node_modules/@modelcontextprotocol/sdk/dist/esm/client`;
const { Client } = await import(pathToFileURL(`${sdk}/index.js`));
const { StreamableHTTPClientTransport } = await import(pathToFileURL(`${sdk}/streamableHttp.js`));

const connected = async (use) => {
  const headers = { Authorization: `Bearer ${KEY}`, "X-Wxgate-Account": APP_ID };
  const url = new URL(`${GATE_URL}/mcp`);
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
  const client = new Client({ name: "compat", version: "1" });
  await client.connect(transport);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
};
const called = (name, args = {}) =>
  connected(async (client) => {
    const answer = await client.callTool({ name, arguments: args });
    const text = answer.content.map((block) => block.text).join("\n");
    return { failed: answer.isError === true, text, data: answer.structuredContent };
  });

await speak({
  tools: () =>
    connected(async (client) => ({
      tools: (await client.listTools()).tools.map((tool) => tool.name),
    })),
  call: (rest) => {
    const [, name, args] = rest.match(/^(\S+) ?(.*)$/s);
    return called(name, JSON.parse(args || "{}"));
  },
  cold: async () => ({
    answers: await Promise.all(Array.from({ length: 20 }, () => called("list_drafts"))),
  }),
});
