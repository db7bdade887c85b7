// Holds the contract: node lint.mjs SCHEMA [SCHEMA-BEFORE]
// It must load in graphql-js and break nothing that was there before.
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges, validateSchema } from "graphql";

const [path, before] = process.argv.slice(2);
const text = readFileSync(path, "utf8");
const schema = buildSchema(text);
const problems = validateSchema(schema).map((error) => error.message);

if (before) {
  const changes = findBreakingChanges(buildSchema(readFileSync(before, "utf8")), schema);
  problems.push(...changes.map(({ type, description }) => `breaking: ${type}: ${description}`));
}
for (const problem of problems) console.log(problem);
console.log(`schema: ${Object.keys(schema.getTypeMap()).length} types, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
