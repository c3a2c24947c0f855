import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Duration } from 'aws-cdk-lib';
import { declareImage, faultCodes, instructionsOf } from './declaration';
import { ParameterRef, ParameterType } from '../../lib/image/parameter-ref';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { ShellProps } from '../../lib/image/provisioners/shell-props';
import { SecretRef } from '../../lib/image/secret-ref';

const folder = mkdtempSync(join(tmpdir(), 'golden-shell-'));
afterAll(() => rmSync(folder, { recursive: true }));

function script(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const run = (props: ShellProps) => instructionsOf(Provisioner.shell(props))[0];

test('lines are one script for sh that stops at the first failure, as root, for an hour at the most, once', () => {
  expect(run({ inline: ['echo 1', 'echo 2'] })).toEqual({
    type: 'run',
    script: { text: 'echo 1\necho 2\n' },
    interpreter: ['/bin/sh', '-e'],
    arguments: [],
    environment: {},
    parameters: {},
    secrets: {},
    user: 'root',
    workingDirectory: undefined,
    timeoutSeconds: 3600,
    attempts: 1,
    backoffSeconds: 5,
    validExitCodes: [0],
    expectDisconnect: false,
    origin: 'Shell',
  });
});

test('everything can be chosen', () => {
  const props: ShellProps = {
    inline: ['make'],
    interpreter: ['/bin/bash', '-eu'],
    arguments: ['-n', '$(reboot)'],
    environment: { CC: 'gcc' },
    user: 'builder',
    workingDirectory: '/src',
    timeout: Duration.minutes(2),
    retries: 3,
    retryBackoff: Duration.millis(1500),
    validExitCodes: [0, 3],
    expectDisconnect: true,
  };
  expect(run(props)).toMatchObject({
    interpreter: ['/bin/bash', '-eu'],
    arguments: ['-n', '$(reboot)'],
    environment: { CC: 'gcc' },
    user: 'builder',
    workingDirectory: '/src',
    timeoutSeconds: 120,
    attempts: 4,
    backoffSeconds: 2,
    validExitCodes: [0, 3],
    expectDisconnect: true,
  });
});

test.each([
  ['#!/bin/bash', ['/bin/bash']],
  ['#! /usr/bin/env -S python3 -u', ['/usr/bin/env', '-S python3 -u']],
  ['#!/bin/sh -e', ['/bin/sh', '-e']],
  ['#!', ['/bin/sh', '-e']],
  ['# just a comment', ['/bin/sh', '-e']],
])('a script that starts with %s is run by %j', (firstLine, interpreter) => {
  expect(run({ script: script('a', `${firstLine}\necho\n`) })).toMatchObject({ interpreter, script: { kind: 'file' } });
  expect(run({ inline: [firstLine, 'echo'] })).toMatchObject({ interpreter });
});

test('several scripts are several instructions, in their order', () => {
  const [first, second, ...others] = instructionsOf(Provisioner.shell({ scripts: [script('1', 'echo 1'), script('2', 'echo 2')], user: 'builder' }));
  expect(others).toEqual([]);
  expect([first, second]).toEqual([expect.objectContaining({ user: 'builder' }), expect.objectContaining({ user: 'builder' })]);
  expect((first as { script: object }).script).not.toEqual((second as { script: object }).script);
});

test('parameters and secrets are in the plan by name and reference', () => {
  const { definition } = declareImage({
    provisioners: [Provisioner.shell({
      inline: ['deploy'],
      parameters: { VERSION: ParameterRef.ssm('/app/version'), COUNT: ParameterRef.environment('COUNT', { parameterType: ParameterType.NUMBER }) },
      secrets: { TOKEN: SecretRef.secretsManager('registry', { key: 'token' }), KEY: SecretRef.environment('KEY') },
    })],
  })._plan();
  expect(definition.instructions[0]).toMatchObject({
    parameters: { VERSION: 'ssm:/app/version', COUNT: 'environment:COUNT:number' },
    secrets: { TOKEN: 'secretsManager:registry#token', KEY: 'environment:KEY' },
  });
  expect(definition.parameters).toEqual({
    'ssm:/app/version': { type: 'string', from: { type: 'ssm', name: '/app/version' } },
    'environment:COUNT:number': { type: 'number', from: { type: 'environment', name: 'COUNT' } },
  });
  expect(definition.secrets).toEqual({
    'secretsManager:registry#token': { from: { type: 'secretsManager', id: 'registry', key: 'token' } },
    'environment:KEY': { from: { type: 'environment', name: 'KEY' } },
  });
});

test.each<[string, ShellProps, string]>([
  ['nothing to run', {}, 'empty-provisioner'],
  ['no lines', { inline: [] }, 'empty-provisioner'],
  ['only blank lines', { inline: ['', '  '] }, 'empty-provisioner'],
  ['no scripts', { scripts: [] }, 'empty-provisioner'],
  ['both lines and a script', { inline: ['true'], script: '/bin/true' }, 'ambiguous-script'],
  ['a script that is not there', { script: '/nowhere/script.sh' }, 'missing-file'],
  ['a script that is a folder', { script: folder }, 'script-is-a-folder'],
  ['a script with Windows line endings', { script: script('crlf', '#!/bin/sh\r\necho\r\n') }, 'windows-line-ending'],
  ['a variable that no shell can read', { inline: ['true'], environment: { 'A-B': '1' } }, 'invalid-variable'],
  ['a variable that starts with a digit', { inline: ['true'], secrets: { '1A': SecretRef.ssm('/a') } }, 'invalid-variable'],
  ['a variable given twice', { inline: ['true'], environment: { A: '1' }, parameters: { A: ParameterRef.ssm('/a') } }, 'duplicate-name'],
  ['a secret without a name', { inline: ['true'], secrets: { A: SecretRef.ssm('') } }, 'empty-name'],
  ['a user that is no name', { inline: ['true'], user: 'no body' }, 'invalid-user'],
  ['a relative working directory', { inline: ['true'], workingDirectory: 'src' }, 'relative-path'],
  ['a negative number of retries', { inline: ['true'], retries: -1 }, 'invalid-retries'],
  ['an exit code that no process has', { inline: ['true'], validExitCodes: [256] }, 'invalid-exit-code'],
  ['no valid exit code', { inline: ['true'], validExitCodes: [] }, 'invalid-exit-code'],
  ['an empty interpreter', { inline: ['true'], interpreter: [] }, 'empty-interpreter'],
])('%s is a fault', (_, props, code) => {
  expect(faultCodes(Provisioner.shell(props))).toEqual([code]);
});
