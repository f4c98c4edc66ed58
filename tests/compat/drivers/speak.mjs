// Commands on stdin, with what they are about behind a space, a line of JSON back, for the clients that run on Node.
import { createInterface } from "node:readline";

export async function speak(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, rest = ""] = line.trim().split(/ (.*)/s);
    let answer;
    try {
      answer = await commands[command](rest);
    } catch (error) {
      answer = { error: error.message };
    }
    console.log(JSON.stringify(answer));
  }
}
