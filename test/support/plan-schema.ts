import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { createGenerator } from 'ts-json-schema-generator';

const root = join(__dirname, '..', '..');
const file = join(root, 'lib', 'plan', 'plan.schema.json');

/** The JSON schema of a plan, generated from its types. */
export function generatePlanSchema(): string {
  const generator = createGenerator({
    path: join(root, 'lib', 'plan', 'model.ts'),
    tsconfig: join(root, 'tsconfig.json'),
    type: 'Plan',
    additionalProperties: false,
    discriminatorType: 'open-api',
    skipTypeCheck: true,
    topRef: true,
  });
  const schema = { $id: 'https://cdk-golden-image.dev/plan/v1.json', ...generator.createSchema('Plan') };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

if (require.main === module) {
  const schema = generatePlanSchema();
  let previous = '';
  try { previous = readFileSync(file, 'utf8'); } catch { /* the first time */ }
  if (schema !== previous) { writeFileSync(file, schema); }
}
