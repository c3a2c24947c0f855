import { readFileSync } from 'fs';
import { join } from 'path';
import type { Construct } from 'constructs';
import { GoToolchain } from './go-toolchain';
import { AmiImage, Check, Expect, FileSource, Provisioner, Source } from 'cdk-golden-image';

const GO_VERSION = '1.23.4';
/** Of go1.23.4.linux-amd64.tar.gz, as https://go.dev/dl lists it. */
const GO_SHA256 = '6924efde5de86fe277676e929dc9917d466efa02fb934197bc2eba35d5680971';

export interface GoAgentProps {
  /** Serves the archives of https://go.dev/dl. */
  readonly mirror?: string;
  /** Of the archive there. */
  readonly sha256?: string;
}

/** A small system agent, built from source with a pinned Go, run as a service under its own user. */
export function goAgentImage(scope: Construct, props: GoAgentProps = {}): AmiImage {
  const here = (name: string) => FileSource.asset(join(__dirname, name));
  return new AmiImage(scope, 'Image', {
    source: Source.debian('12'),
    provisioners: [
      new GoToolchain(GO_VERSION, props.sha256 ?? GO_SHA256, props.mirror),
      Provisioner.packages(['dbus', 'dbus-x11']),
      Provisioner.user('agent', {
        home: '/home/agent',
        shell: '/bin/bash',
        authorizedKeys: [readFileSync(join(__dirname, 'agent.pub'), 'utf8').trim()],
      }),
      Provisioner.file({ source: here('agent'), destination: '/usr/local/src' }),
      Provisioner.shell({
        inline: ['install -d -o agent -g agent -m 0750 /home/agent/bin', '/usr/local/go/bin/go build -trimpath -o /home/agent/bin/agent .'],
        workingDirectory: '/usr/local/src/agent',
        environment: { GOCACHE: '/var/tmp/go-build', GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0', HOME: '/root' },
      }),
      Provisioner.shell({
        inline: ['chown agent:agent /home/agent/bin/agent', 'chmod 0770 /home/agent/bin/agent', 'rm -rf /var/tmp/go-build'],
      }),
      Provisioner.service('agent', { unit: here('agent.service'), enable: true, start: true }),
    ],
    checks: [
      Check.package('dbus', { installed: true }),
      Check.user('agent', { exists: true, home: '/home/agent', shell: '/bin/bash' }),
      Check.file('/home/agent/.ssh', { exists: true, mode: '0700', owner: 'agent', group: 'agent', filetype: 'directory' }),
      Check.file('/home/agent/.ssh/authorized_keys', { exists: true, mode: '0600', owner: 'agent', group: 'agent' }),
      Check.file('/home/agent/bin/agent', { exists: true, mode: '0770', owner: 'agent', group: 'agent', filetype: 'file' }),
      Check.service('agent', { enabled: true, running: true }),
      Check.process('agent', { running: true }),
      Check.port('tcp:7070', { listening: true, ip: ['127.0.0.1'] }),
      Check.command('/usr/local/go/bin/go version', { exitStatus: 0, stdout: Expect.containing(`go${GO_VERSION}`) }),
      Check.command('curl --fail --silent http://127.0.0.1:7070/metrics', { exitStatus: 0, stdout: ['load1', 'memory_available_bytes'] }),
    ],
  });
}
