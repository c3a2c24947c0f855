import { Token } from 'aws-cdk-lib';
import { oddTexts } from './odd-texts';
import type { Fault } from '../../errors';
import type { BastionSpec, CommunicatorSpec, SshKeySpec } from '../../plan/builder';

const PUBLIC_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,3}( [^\n]*)?$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/;

/** What is wrong with a build over SSH. CDK tokens are reported elsewhere. */
export function sshFaults(communicator: CommunicatorSpec): Fault[] {
  if (communicator.type !== 'ssh') { return []; }
  const { user, port, via, bastion, key } = communicator;
  return [
    ...portFaults(port),
    ...userFaults(user),
    ...keyFaults(key),
    ...bastionFaults(bastion),
    ...(bastion && via === 'session-manager' ? [{
      code: 'conflicting-options', message: 'The machine is to be reached through a bastion and through Session Manager', hint: 'Choose one of them.',
    }] : []),
  ];
}

function bastionFaults(bastion: BastionSpec | undefined): Fault[] {
  if (!bastion) { return []; }
  const { host, port, user, hostKey, key } = bastion;
  return [
    ...portFaults(port),
    ...userFaults(user),
    ...keyFaults(key),
    ...oddTexts(/^[A-Za-z0-9][A-Za-z0-9.:_-]*$/, [host]).map((text) => ({
      code: 'invalid-host', message: `${text} is not the name or address of a host`, hint: 'Give one such as bastion.example.com; the port goes into port.',
    })),
    ...oddTexts(PUBLIC_KEY, [hostKey]).map((text) => ({
      code: 'invalid-host-key', message: `${text} is not the host key of the bastion`, hint: 'Give the line of its /etc/ssh/ssh_host_ed25519_key.pub, ssh-ed25519 AAAA...',
    })),
  ];
}

function keyFaults(key: SshKeySpec | undefined): Fault[] {
  if (key?.type === 'file' && key.path.trim() === '') {
    return [{ code: 'empty-name', message: 'The path of the SSH key is empty', hint: 'Give the file of a private key.' }];
  }
  if (key?.type !== 'agent') { return []; }
  return oddTexts(PUBLIC_KEY, key.publicKey === undefined ? [] : [key.publicKey]).map((text) => ({
    code: 'invalid-public-key', message: `${text} is not a public key`, hint: 'Give the line of a .pub file, ssh-ed25519 AAAA...',
  }));
}

function userFaults(user: string | undefined): Fault[] {
  return oddTexts(USER, user === undefined ? [] : [user]).map((text) => ({
    code: 'invalid-user', message: `${text} is not the name of a user`, hint: 'Give one such as ec2-user.',
  }));
}

function portFaults(port: number): Fault[] {
  if (Token.isUnresolved(port) || (Number.isInteger(port) && port >= 1 && port <= 65_535)) { return []; }
  return [{ code: 'invalid-port', message: `${port} is not the number of a port`, hint: 'Give a whole number from 1 to 65535.' }];
}
