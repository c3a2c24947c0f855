import { App, Stack } from 'aws-cdk-lib';
import { greeterImage } from './greeter-image';
import { ImagePlan } from 'cdk-golden-image/assertions';

// What is declared: no machine is needed, and this takes no time.

const plan = ImagePlan.fromImage(greeterImage(new Stack(new App(), 'Test')));

test('the configuration is for the service and for root only', () => {
  plan.hasInstruction('put', { destination: '/etc/greeter.conf', owner: 'root', group: 'greeter', mode: '0640' });
});

test('the plan is the one that was reviewed', () => {
  expect(plan.toJSON({ redactDigests: true })).toMatchSnapshot();
});
