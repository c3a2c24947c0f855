import { App, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { webServerImage } from './web-server-image';
import { ImagePlan } from 'cdk-golden-image/assertions';

const plan = ImagePlan.fromImage(webServerImage(new Stack(new App(), 'Test')));

test('nginx is installed before its site, and reads it before anything is captured', () => {
  plan.hasInstructionsInOrder([
    { type: 'run', arguments: ['nginx-light'] },
    { type: 'put', destination: '/etc/nginx/sites-available/default' },
    { type: 'run', script: { text: Match.stringLikeRegexp('systemctl reload nginx') } },
  ]);
});

test('nobody but root may change what runs as root', () => {
  for (const file of plan.findInstructions('put', { destination: Match.stringLikeRegexp('^/(usr|etc)/') })) {
    expect(file).toMatchObject({ owner: 'root', group: 'root' });
    expect(file.mode ?? '0644').toMatch(/[0145][0145]$/);
  }
});

test('the site has to answer before there is an image', () => {
  plan.hasCheck('port', 'tcp:80', { listening: true });
  plan.hasCheck('command', 'curl --fail --silent http://localhost/', { 'exit-status': 0 });
});

// All of the plan. With its digests left out it stays the same when only the contents of files change.
test('the plan is the one that was reviewed', () => {
  expect(plan.toJSON({ redactDigests: true })).toMatchSnapshot();
});
