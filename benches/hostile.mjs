// What one hostile caller does to the others: node benches/hostile.mjs [URL] [SECONDS]
//
// Against a running service (`digiknow demo`). Sends the same ordinary queries at a steady pace, in turn with and without somebody who
// sends small documents of nested fragment spreads as fast as they are refused, and prints how long both take. Quiet and hostile
// rounds alternate, since a shared machine changes its pace. Ends with 1 if the others' p99 moves by more than two.

import { Agent, request } from "node:http";

const url = new URL(process.argv[2] ?? "http://127.0.0.1:8080");
const seconds = Number(process.argv[3] ?? 30);
const ROUND = 3, CALLERS = 4, PACE = 50, HOSTILE = 8;

// 2^18 fields in less than a kilobyte; walked without memory, minutes of work for a deeper one.
const bomb = "{...f18} " + Array.from({ length: 18 }, (_, i) => `fragment f${i + 1} on Query{...f${i} ...f${i}}`).join(" ") + " fragment f0 on Query{server{version}}";
const ordinary = "{ groups(first: 3) { nodes { name organisation { name } venue { name } } } }";
const key = (await (await fetch(new URL("/explorer/tour.json", url))).text()).match(/dk_pub_[\w-]+/)?.[0] ?? process.env.DIGIKNOW_CLIENT_KEY;

function send(agent, query, headers = {}) {
  const body = JSON.stringify({ query });
  const began = performance.now();
  return new Promise((done, failed) => {
    const options = { method: "POST", path: "/graphql", agent, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers } };
    const asked = request(url, options, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => done({ took: performance.now() - began, status: answer.statusCode, text }));
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const figures = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  return { n: sorted.length, p50: at(sorted, 0.5), p99: at(sorted, 0.99), most: sorted.at(-1) };
};
const say = (name, f) => console.log(`${name.padEnd(34)} ${String(f.n).padStart(7)}  p50 ${f.p50.toFixed(1)} ms  p99 ${f.p99.toFixed(1)} ms  most ${f.most.toFixed(1)} ms`);

async function round(hostile, refused, served) {
  const until = performance.now() + ROUND * 1000;
  const attackers = hostile ? Array.from({ length: HOSTILE }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < until) {
      const { took, text } = await send(agent, bomb);
      if (!text.includes("OPERATION_TOO_COMPLEX") && !text.includes("RATE_LIMITED")) throw new Error(`not refused: ${text.slice(0, 200)}`);
      refused.push(took);
    }
    agent.destroy();
  }) : [];
  const callers = Array.from({ length: CALLERS }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < until) {
      const { took, status, text } = await send(agent, ordinary, { "digiknow-client-key": key });
      if (status !== 200) throw new Error(`not served: ${status} ${text.slice(0, 200)}`);
      served.push(took);
      await new Promise((go) => setTimeout(go, Math.max(0, PACE - took)));
    }
    agent.destroy();
  });
  await Promise.all([...attackers, ...callers]);
}

if (!key) throw new Error("no client key: set DIGIKNOW_CLIENT_KEY");
const quiet = [], loud = [], refused = [], alone = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
for (let n = 0; n < 100; n++) alone.push((await send(agent, bomb)).took);
agent.destroy();
await round(false, [], []);
for (let n = 0; n < Math.max(2, Math.round(seconds / ROUND / 2)); n++) {
  await round(false, refused, quiet);
  await round(true, refused, loud);
}
console.log(`a hostile document of ${bomb.length} bytes, ${HOSTILE} connections; ${CALLERS} others at ${1000 / PACE} requests a second each`);
say("refused, alone", figures(alone));
say("refused, under its own load", figures(refused));
say("the others, without", figures(quiet));
say("the others, beside", figures(loud));
const ratio = figures(loud).p99 / figures(quiet).p99;
console.log(`the others' p99 moves by ${ratio.toFixed(2)}`);
process.exitCode = ratio > 2 ? 1 : 0;
