// The usual way in JavaScript: markdown-it with highlight.js, styles written in by juice.
// A line on stdin asks for that many renderings; answers {ms, bytes} of CPU time and HTML.
import fs from "node:fs";
import readline from "node:readline";
import hljs from "highlight.js";
import juice from "juice";
import MarkdownIt from "markdown-it";
import footnote from "markdown-it-footnote";

const [article, stylesheet] = process.argv.slice(2).map((path) => fs.readFileSync(path, "utf8"));
const css = stylesheet + fs.readFileSync("node_modules/highlight.js/styles/github.css", "utf8");
const md = new MarkdownIt({
  linkify: true,
  highlight: (code, language) =>
    language && hljs.getLanguage(language) ? hljs.highlight(code, { language }).value : "",
}).use(footnote);
const cpu = () => process.cpuUsage().user + process.cpuUsage().system;

for await (const line of readline.createInterface({ input: process.stdin })) {
  const times = Number(line);
  const begun = cpu();
  let html = "";
  for (let round = 0; round < times; round++) {
    html = juice.inlineContent(`<section class="article">${md.render(article)}</section>`, css);
  }
  const ms = (cpu() - begun) / 1000 / times;
  console.log(JSON.stringify({ ms, bytes: Buffer.byteLength(html) }));
}
