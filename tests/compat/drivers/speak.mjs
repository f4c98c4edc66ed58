// Commands on stdin, a line of JSON back, for the clients that run on Node.
import { createInterface } from "node:readline";

export async function speak(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = await commands[line.trim()]();
    } catch (error) {
      answer = { error: error.message };
    }
    console.log(JSON.stringify(answer));
  }
}
