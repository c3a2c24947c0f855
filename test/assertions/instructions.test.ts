import { Capture, Match } from 'aws-cdk-lib/assertions';
import { ImagePlan } from '../../lib/assertions/image-plan';
import type { PutInstruction } from '../../lib/plan/instructions';
import { sampleDefinition, samplePlan } from '../support/sample-plan';

const put = sampleDefinition.instructions[0] as PutInstruction;

const plan = ImagePlan.fromJSON(samplePlan({
  ...sampleDefinition,
  instructions: [
    ...sampleDefinition.instructions,
    { ...put, content: { text: 'hello\n' }, destination: '/etc/motd', mode: '0600', origin: 'Motd' },
  ],
}));

describe('an instruction', () => {
  test('is found by the part of it that is named', () => {
    plan.hasInstruction('put', { destination: '/etc/motd', content: { text: 'hello\n' } });
    plan.hasInstruction('run', { secrets: { TOKEN: 'token' } });
    plan.hasInstruction('reboot');
  });

  test('is found by the matchers of aws-cdk-lib', () => {
    plan.hasInstruction('run', {
      script: { text: Match.stringLikeRegexp('install.*nginx') },
      interpreter: Match.arrayWith(['-e']),
      user: Match.not('nobody'),
      workingDirectory: Match.absent(),
      environment: Match.objectEquals({ DEBIAN_FRONTEND: 'noninteractive' }),
      timeoutSeconds: Match.anyValue(),
    });
    plan.hasInstruction('pause', Match.objectEquals({ type: 'pause', seconds: 1, origin: 'Pause' }));
  });

  test('that differs is shown with the differing lines marked, the closest one first', () => {
    expect(() => plan.hasInstruction('put', { destination: '/etc/motd', mode: '0640' })).toThrow([
      'The plan of Stack/Web has 2 instructions of type put, but none matches',
      'The 2 closest matches:',
      '#7 put (Motd) :: {',
      '  "content": { "text": "hello\\n" },',
      '  "destination": "/etc/motd",',
      '  "directoryMode": "0755",',
      '  "group": "root",',
      '!! Expected 0640 but received 0600',
      '  "mode": "0600",',
      '  "origin": "Motd",',
      '  "owner": "root",',
      '  "type": "put"',
      '}',
      '#0 put (Nginx/Config) :: {',
      '  "content": { ... },',
      '!! Expected /etc/motd but received /etc/nginx/nginx.conf',
      '  "destination": "/etc/nginx/nginx.conf",',
      '  "directoryMode": "0755",',
      '  "group": "root",',
      '!! Expected 0640 but received 0644',
      '  "mode": "0644",',
      '  "origin": "Nginx/Config",',
      '  "owner": "root",',
      '  "type": "put"',
      '}',
    ].join('\n'));
  });

  test('of a type that the plan does not have says which it has', () => {
    const empty = ImagePlan.fromJSON(samplePlan({ ...sampleDefinition, instructions: [put] }));
    expect(() => empty.hasInstruction('run')).toThrow(/^The plan of Stack\/Web has 0 instructions of type run, only of put$/);
  });

  test('of a type that no plan knows says which there are', () => {
    expect(() => plan.hasInstruction('shell')).toThrow(
      'The plan of Stack/Web has 0 instructions of type shell: there is no such type, there are run, put, get, reboot, check, local, pause',
    );
    expect(() => plan.hasInstruction('constructor')).toThrow('there is no such type');
  });

  test('a capture takes what it stands for', () => {
    const script = new Capture();
    plan.hasInstruction('run', { script: { text: script } });
    expect(script.asString()).toBe('apt-get install -y nginx');
  });

  test('a capture takes the values of all that match, in the order they run', () => {
    const mode = new Capture();
    plan.hasInstruction('put', { mode });
    expect(mode.asString()).toBe('0644');
    expect(mode.next()).toBe(true);
    expect(mode.asString()).toBe('0600');
    expect(mode.next()).toBe(false);
  });
});

describe('finding', () => {
  test('gives all that match, in the order they run', () => {
    expect(plan.findInstructions('put').map(({ destination }) => destination)).toEqual(['/etc/nginx/nginx.conf', '/etc/motd']);
    expect(plan.findInstructions('put', { mode: '0600' }).map(({ origin }) => origin)).toEqual(['Motd']);
  });

  test('gives nothing where nothing matches', () => {
    expect(plan.findInstructions('put', { mode: '0777' })).toEqual([]);
  });
});

describe('counting', () => {
  test('passes where the number is right', () => {
    plan.instructionCountIs('put', 2);
    plan.instructionCountIs('reboot', 1);
  });

  test('lists what was found where it is not', () => {
    expect(() => plan.instructionCountIs('put', 1)).toThrow(
      /^The plan of Stack\/Web has 2 instructions of type put, not 1\n {2}#0 put \(Nginx\/Config\)\n {2}#7 put \(Motd\)$/,
    );
  });
});

describe('order', () => {
  test('holds where others stand before, between and after', () => {
    plan.hasInstructionsInOrder([{ type: 'run' }, { type: 'check' }, { destination: '/etc/motd' }]);
    plan.hasInstructionsInOrder([{ type: 'put' }, { type: 'put' }]);
    plan.hasInstructionsInOrder([]);
  });

  test('does not hold the other way round, and says what comes too early', () => {
    expect(() => plan.hasInstructionsInOrder([{ type: 'reboot' }, { type: 'run' }])).toThrow(
      /^The plan of Stack\/Web has no instruction for pattern 2 of 2 after #2 reboot \(Reboot\); #1 run \(Nginx\/Install\) would match, but comes too early$/,
    );
  });

  test('one instruction does not stand for two patterns', () => {
    expect(() => plan.hasInstructionsInOrder([{ type: 'reboot' }, { type: 'reboot' }])).toThrow('has no instruction for pattern 2 of 2');
  });

  test('a pattern that matches nothing is shown the closest', () => {
    expect(() => plan.hasInstructionsInOrder([{ type: 'check' }, { type: 'pause', seconds: 2 }])).toThrow([
      'The plan of Stack/Web has no instruction for pattern 2 of 2 after #3 check (Early)',
      'The 3 closest matches:',
      '#5 pause (Pause) :: {',
      '  "origin": "Pause",',
      '!! Expected 2 but received 1',
      '  "seconds": 1,',
      '  "type": "pause"',
      '}',
    ].join('\n'));
  });

  test('a capture takes the value of the instruction that was taken, of no other', () => {
    const destination = new Capture();
    plan.hasInstructionsInOrder([{ type: 'reboot' }, { type: 'put', destination }]);
    expect(destination.asString()).toBe('/etc/motd');
    expect(destination.next()).toBe(false);
  });
});
