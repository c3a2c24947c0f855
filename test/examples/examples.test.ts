import { existsSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { goAgentImage } from '../../examples/go-agent/go-agent-image';
import { webServerImage } from '../../examples/web-server/web-server-image';
import { ImagePlan } from '../../lib/assertions/image-plan';
import type { AmiImage } from '../../lib/image/ami-image';

const examples: ReadonlyArray<[string, (stack: Stack) => AmiImage]> = [['web-server', webServerImage], ['go-agent', goAgentImage]];

// UPDATE_PLANS=1 writes the plans anew; read the diff before you commit it.
test.each(examples)('the plan of the example %s is the one beside it', (name, declare) => {
  const file = join(__dirname, '..', '..', 'examples', name, 'expected-plan.json');
  const plan = `${JSON.stringify(ImagePlan.fromImage(declare(new Stack(new App(), 'Example'))).toJSON(), undefined, 2)}\n`;
  if (process.env.UPDATE_PLANS) { writeFileSync(file, plan); }

  expect(existsSync(file)).toBe(true);
  expect(plan).toBe(readFileSync(file, 'utf8'));
});
