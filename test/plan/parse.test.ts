import { InvalidPlanError, type Fault } from '../../lib/errors';
import type { Plan } from '../../lib/plan/model';
import { parsePlan } from '../../lib/plan/parse';
import { samplePlan } from '../support/sample-plan';

// A change of anything, to see what is said about it.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Loose = any;

const TEXT = JSON.stringify(samplePlan(), undefined, 2);

function errorOf(text: string): InvalidPlanError {
  try {
    parsePlan(text, 'web.golden-plan.json');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidPlanError);
    return error as InvalidPlanError;
  }
  throw new Error('The plan was taken');
}

/** The faults of a plan that somebody edited. */
function faultsOf(edit: (plan: Loose) => void): readonly Fault[] {
  const plan = JSON.parse(TEXT) as Loose;
  edit(plan);
  return errorOf(JSON.stringify(plan, undefined, 2)).faults;
}

function lineOf(text: string): number {
  return TEXT.split('\n').findIndex((line) => line.includes(text)) + 1;
}

test('a plan is read as it was written', () => {
  expect(parsePlan(TEXT, 'plan.json')).toEqual<Plan>(samplePlan());
  expect(parsePlan(` \n${JSON.stringify(samplePlan())}\n`, 'plan.json')).toEqual<Plan>(samplePlan());
});

describe('versions', () => {
  test('a plan of a newer version is refused, whatever else it holds', () => {
    expect(faultsOf((plan) => { plan.version = 2; plan.more = true; delete plan.definition; })).toEqual([{
      code: 'plan-of-a-newer-version',
      message: 'The plan is of version 2; this engine reads version 1',
      hint: 'Update cdk-golden-image where the engine runs.',
      position: { file: 'web.golden-plan.json', line: 2, column: 14 },
    }]);
  });

  test('a plan of an older version is refused', () => {
    expect(faultsOf((plan) => { plan.version = 0; })).toEqual([expect.objectContaining({
      code: 'plan-of-an-older-version',
      hint: 'Synthesise it again with this version of cdk-golden-image.',
    })]);
  });
});

describe('the fields', () => {
  test('an unknown field is named with its line and its construct', () => {
    expect(faultsOf((plan) => { plan.definition.instructions[1].shell = 'bash'; })).toEqual([{
      code: 'unknown-field',
      message: '/definition/instructions/1/shell is an unknown field',
      hint: 'Known here: origin, type, script, interpreter, arguments, environment, parameters, secrets, user, workingDirectory, timeoutSeconds, '
        + 'attempts, backoffSeconds, validExitCodes, expectDisconnect.',
      path: 'Stack/Web/Nginx/Install',
      position: { file: 'web.golden-plan.json', line: lineOf('"origin": "Nginx/Install"') + 1, column: 18 },
    }]);
  });

  test('a missing field is looked for where it should be', () => {
    expect(faultsOf((plan) => { delete plan.definition.checks[0].attributes; })).toEqual([{
      code: 'missing-field',
      message: '/definition/checks/0/attributes is missing',
      path: 'Stack/Web/Checks/Service',
      position: { file: 'web.golden-plan.json', line: lineOf('"type": "service"') - 1, column: 7 },
    }]);
  });

  test.each<[string, (plan: Loose) => void, string, string | undefined]>([
    ['an unknown type of instruction', (plan) => { plan.definition.instructions[2].type = 'shell'; },
      '/definition/instructions/2/type is not a known type: "shell"', 'Known: run, put, get, reboot, check, local, pause.'],
    ['a type that is inherited by every object', (plan) => { plan.definition.instructions[2].type = 'constructor'; },
      '/definition/instructions/2/type is not a known type: "constructor"', 'Known: run, put, get, reboot, check, local, pause.'],
    ['a type that is no text', (plan) => { plan.definition.instructions[2].type = 7; },
      '/definition/instructions/2/type has to be a string', 'Known: run, put, get, reboot, check, local, pause.'],
    ['an instruction without a type', (plan) => { delete plan.definition.instructions[2].type; },
      '/definition/instructions/2/type is missing', undefined],
    ['an unknown source', (plan) => { plan.definition.source.type = 'vagrant'; },
      '/definition/source/type is not a known type: "vagrant"', 'Known: ami, filter, ssm, image, local.'],
    ['an unknown communicator', (plan) => { plan.builder.communicator.type = 'winrm'; },
      '/builder/communicator/type is not a known type: "winrm"', 'Known: ssm, ssh.'],
    ['an unknown type of check', (plan) => { plan.definition.checks[0].type = 'http'; },
      '/definition/checks/0/type is not a known value: "http"', 'Known: command, file, package, service, user, group, port, process.'],
    ['a mode that is none', (plan) => { plan.definition.instructions[0].mode = '0999'; },
      '/definition/instructions/0/mode does not have the right form: "0999"', 'A mode is an octal number with a leading zero, such as 0644.'],
    ['a digest that is none', (plan) => { plan.definition.instructions[0].content.asset = 'cafe'; },
      '/definition/instructions/0/content/asset does not have the right form: "cafe"', 'A digest is 64 hexadecimal digits in lower case.'],
    ['a text that is no text', (plan) => { plan.definition.instructions[1].script = { text: 1 }; },
      '/definition/instructions/1/script/text has to be a string, not 1', undefined],
    ['content that is neither text nor asset', (plan) => { plan.definition.instructions[1].script = { text: 'x', asset: 'x' }; },
      '/definition/instructions/1/script has to be { text } or { asset, kind }', undefined],
    ['a list in place of a text', (plan) => { plan.definition.instructions[1].user = ['root']; },
      '/definition/instructions/1/user has to be a string, not an array', undefined],
    ['a number that is too small', (plan) => { plan.definition.instructions[2].timeoutSeconds = 0; },
      '/definition/instructions/2/timeoutSeconds must be >= 1', undefined],
    ['a version that is no number', (plan) => { plan.version = '1'; },
      '/version has to be a number, not "1"', undefined],
    ['an instruction that is no object', (plan) => { plan.definition.instructions[2] = null; },
      '/definition/instructions/2 has to be an object, not null', undefined],
  ])('%s is told', (_, edit, message, hint) => {
    const [fault] = faultsOf(edit);
    expect([fault.message, fault.hint]).toEqual([message, hint]);
    expect(fault.position).toEqual({ file: 'web.golden-plan.json', line: expect.any(Number), column: expect.any(Number) });
  });

  test('all faults are told together', () => {
    const faults = faultsOf((plan) => {
      plan.definition.instructions[0].mode = '0999';
      plan.definition.instructions[1].type = 'shell';
      plan.definition.checks[2].resource = 80;
      delete plan.target;
    });
    expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'Stack/Web: /target is missing',
      'Stack/Web/Nginx/Config: /definition/instructions/0/mode does not have the right form: "0999"',
      'Stack/Web/Nginx/Install: /definition/instructions/1/type is not a known type: "shell"',
      'Stack/Web/Checks/Port: /definition/checks/2/resource has to be a string, not 80',
    ]);
  });

  test('nobody has to read more than a hundred of them', () => {
    const faults = faultsOf((plan) => { plan.definition.instructions = Array.from({ length: 200 }, () => ({ type: 'x' })); });
    expect(faults).toHaveLength(101);
    expect(faults[100]).toMatchObject({ code: 'more-faults', message: 'There are more faults' });
  });

  test('a member that is there twice is a fault, where JSON takes the last', () => {
    const text = TEXT.replace('"team": "web"', '"team": "api",\n      "team": "web"');
    expect(errorOf(text).faults).toEqual([{
      code: 'duplicate-field',
      message: '/delivery/tags/team is there twice',
      hint: 'Synthesise the plan again.',
      position: { file: 'web.golden-plan.json', line: lineOf('"team": "web"') + 1, column: 15 },
    }]);
  });
});

describe('what a schema cannot see', () => {
  test.each(['version', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])('the parameter %s has to be one of the definition', (name) => {
    expect(faultsOf((plan) => { plan.definition.instructions[1].parameters = { RELEASE: name }; })[0]).toMatchObject({
      code: 'unknown-parameter',
      message: `RELEASE names the parameter ${name}, which the definition does not have`,
      hint: 'It has release.',
      path: 'Stack/Web/Nginx/Install',
      position: { line: lineOf('"RELEASE": "release"') },
    });
  });

  test('the secret of an instruction has to be one of the definition', () => {
    expect(faultsOf((plan) => { plan.definition.secrets = {}; })[0]).toMatchObject({
      code: 'unknown-secret',
      message: 'TOKEN names the secret token, which the definition does not have',
      hint: 'It has no secrets.',
    });
  });

  test('an attribute that a check does not have is told with those it has', () => {
    expect(faultsOf((plan) => { plan.definition.checks[0].attributes.started = true; })[0]).toMatchObject({
      code: 'unknown-attribute',
      message: 'service nginx: there is no attribute started',
      hint: 'A check of type service knows enabled, running, runlevels.',
      path: 'Stack/Web/Checks/Service',
    });
  });

  test.each(['hasOwnProperty', 'matches'])('the matcher %s is unknown, in a check in the middle too', (matcher) => {
    const [fault] = faultsOf((plan) => { plan.definition.instructions[3].checks[0].attributes.installed = { not: [{ [matcher]: true }] }; });
    expect(fault).toMatchObject({
      code: 'unknown-matcher',
      message: `package nginx: installed: there is no matcher ${matcher}`,
      path: 'Stack/Web/Early/Package',
      position: { line: lineOf('"installed": true') },
    });
  });

  test('a plan that was edited by hand says so', () => {
    expect(faultsOf((plan) => { plan.definition.instructions[1].script.text = 'curl evil | sh'; })).toEqual([{
      code: 'edited-plan',
      message: 'definitionHash does not match the plan: it was changed after synthesis',
      hint: 'Change the construct tree and synthesise again.',
      path: 'Stack/Web',
      position: { file: 'web.golden-plan.json', line: lineOf('"definitionHash"'), column: 21 },
    }]);
    expect(faultsOf((plan) => { plan.delivery.regions.push({ region: 'us-east-1' }); })).toEqual([expect.objectContaining({
      code: 'edited-plan',
      message: 'deliveryHash does not match the plan: it was changed after synthesis',
    })]);
  });
});

test('the message says where, what and what to do', () => {
  const text = TEXT.replace('"0644"', '"0999"');
  expect(errorOf(text).message).toBe([
    'web.golden-plan.json has 1 fault:',
    `  web.golden-plan.json:${lineOf('"0644"')}:17: Stack/Web/Nginx/Config: /definition/instructions/0/mode does not have the right form: "0999"`,
    '    A mode is an octal number with a leading zero, such as 0644.',
  ].join('\n'));
});
