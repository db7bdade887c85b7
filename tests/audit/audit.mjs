// Holds a running service to GraphQL over HTTP: node audit.mjs URL
// Fails unless every audit passes, recommendations included.
import { auditServer } from "graphql-http";

const EXPECTED = 61;
const url = process.argv[2];
if (!url) {
  console.error("usage: node audit.mjs URL");
  process.exit(2);
}

const results = await auditServer({ url });
const failed = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of failed) {
  console.log(`${status} ${id} ${name}: ${reason}`);
}
const passed = results.length - failed.length;
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 && passed === EXPECTED ? 0 : 1);
