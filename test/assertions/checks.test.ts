import { Capture, Match } from 'aws-cdk-lib/assertions';
import { ImagePlan } from '../../lib/assertions/image-plan';
import { samplePlan } from '../support/sample-plan';

const plan = ImagePlan.fromJSON(samplePlan());

test('a check is found by type, resource and the attributes that are named', () => {
  plan.hasCheck('service', 'nginx', { running: true });
  plan.hasCheck('port', 'tcp:80', { ip: { 'contain-element': Match.stringLikeRegexp('^0') } });
  plan.hasCheck('file', '/etc/nginx/nginx.conf', { contents: Match.arrayWith(['worker_processes']), owner: Match.absent() });
});

test('type or type and resource are enough', () => {
  plan.hasCheck('service');
  plan.hasCheck('service', 'nginx');
  plan.hasCheck('file', '*', { mode: '0644' });
});

test('a check that differs is shown with the differing line marked', () => {
  expect(() => plan.hasCheck('service', 'nginx', { enabled: true, running: false })).toThrow([
    'The plan of Stack/Web has 1 check of service nginx, but none matches',
    'The closest match:',
    'service nginx (Checks/Service) :: {',
    '  "enabled": true,',
    '!! Expected false but received true',
    '  "running": true',
    '}',
  ].join('\n'));
});

test('a check of another resource is not it', () => {
  expect(() => plan.hasCheck('service', 'apache2')).toThrow(/^The plan of Stack\/Web has 0 checks of service apache2, only of nginx$/);
});

test('a type without checks says what it could check', () => {
  expect(() => plan.hasCheck('user', 'www-data')).toThrow(
    /^The plan of Stack\/Web has 0 checks of user www-data; a check of this type knows exists, uid, gid, groups, home, shell$/,
  );
});

test('a type that there is not says which there are', () => {
  expect(() => plan.hasCheck('services')).toThrow(
    'has 0 checks of type services: there is no such type, there are command, file, package, service, user, group, port, process',
  );
});

test('a check in the middle of the build is an instruction', () => {
  expect(() => plan.hasCheck('package', 'nginx')).toThrow('has 0 checks of package nginx');
  plan.hasInstruction('check', { checks: [{ type: 'package', resource: 'nginx' }] });
});

test('finding gives whole checks, in the order they run', () => {
  expect(plan.findChecks('file')).toEqual([{
    type: 'file',
    resource: '/etc/nginx/nginx.conf',
    attributes: { mode: '0644', contents: ['worker_processes'] },
    origin: 'Checks/File',
  }]);
  expect(plan.findChecks('file', '/etc/motd')).toEqual([]);
  expect(plan.findChecks('service', '*', { running: false })).toEqual([]);
});

test('a capture takes an attribute', () => {
  const mode = new Capture();
  plan.hasCheck('file', '/etc/nginx/nginx.conf', { mode });
  expect(mode.asString()).toBe('0644');
});
