import { CASES, STORIES } from '../cloud/cases/all-cases';
import { cliClients } from '../cloud/cli-clients';
import type { CloudClients } from '../cloud/cloud-clients';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { CONFORMANCE } from '../support/cloud/conformance/list';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';

// The whole list once more, told by the AWS CLI: what another program of AWS's reads of our answers, and takes for errors.
let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud({ ssm: createSsmService });
  to = await cliClients(cloud);
}, 300_000);
afterAll(async () => {
  to?.end();
  await cloud?.stop();
});
afterEach(() => cloud.reset());

test.each(CONFORMANCE.filter(({ by }) => by === 'overlay').map(({ service, action, behaviour }) => [`${service}:${action}`, behaviour]))('%s: %s', async (call) => {
  await CASES[call]({ cloud, to });
});

test.each(Object.entries(STORIES).map(([name, story]) => [name, story] as const))('moto tells the AWS CLI what we rely on of %s', async (_name, { tell }) => {
  await tell({ cloud, to });
});
