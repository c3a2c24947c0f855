import { createHash } from 'crypto';
import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { gzipSync } from 'zlib';
import { TAR_END, tarHeader, tarPadding } from '../../lib/engine/bundle/tar-header';
import type { IProvisioner } from '../../lib/index';

/** One step of an image, as both tools do it. */
export type Step =
  | { readonly type: 'shell'; readonly inline: readonly string[] }
  | { readonly type: 'file'; readonly source: string; readonly destination: string };

/** What is compared, and how much faster than Packer it has to be at 50 ms. */
export interface Workload {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly goal: number;
  /** Whether the whole build counts, or what is done on the machine. */
  readonly measure: 'wall' | 'provision';
}

export type WorkloadName = 'image' | 'shells' | 'folders' | 'flat' | 'large';

/** Makes what the workloads carry in a folder, and says what they are. */
export function workloads(folder: string): Readonly<Record<WorkloadName, Workload>> {
  const content = contentIn(folder);
  return {
    image: { name: 'seed chapter\'s image, whole build', goal: 4, measure: 'wall', steps: seedImage(content) },
    shells: { name: '50 one-line shells', goal: 25, measure: 'provision', steps: Array.from({ length: 50 }, (_, i) => shell(`echo ${i}`)) },
    folders: { name: '2,000 files of 4 KiB in 20 folders', goal: 25, measure: 'provision', steps: [shell('mkdir -m 1777 /tmp/many'), file(content.folders, '/tmp/many/')] },
    flat: { name: '2,000 files of 4 KiB in one folder', goal: 80, measure: 'provision', steps: [shell('mkdir -m 1777 /tmp/many'), file(content.flat, '/tmp/many/')] },
    large: { name: 'one file of 100 MB', goal: 1.5, measure: 'provision', steps: [file(content.large, '/tmp/large')] },
  };
}

/** The same steps, as provisioners of this project. */
export function provisioners(steps: readonly Step[], library: typeof import('../../lib/index')): IProvisioner[] {
  const { FileSource, Provisioner } = library;
  return steps.map((step) => (step.type === 'shell'
    ? Provisioner.shell({ inline: [...step.inline] })
    : Provisioner.file({ source: FileSource.asset(step.source.replace(/\/$/, '')), destination: step.destination.replace(/\/$/, '') })));
}

/** The same steps, as provisioners of Packer. Its user becomes root where it has to. */
export function packerProvisioners(steps: readonly Step[]): string {
  return steps.map((step) => (step.type === 'file'
    ? `  provisioner "file" {\n    source      = ${JSON.stringify(step.source)}\n    destination = ${JSON.stringify(step.destination)}\n  }`
    : `  provisioner "shell" {\n    inline = ${JSON.stringify(step.inline.map(asUser))}\n  }`)).join('\n');
}

function shell(...inline: string[]): Step {
  return { type: 'shell', inline };
}

function file(source: string, destination: string): Step {
  return { type: 'file', source, destination };
}

function asUser(line: string): string {
  return line.startsWith('echo ') ? line : `sudo ${line}`;
}

/** Nine provisioners, four files and five shells, as in the chapter: a tool chain, a user with a key, an agent, its service. */
function seedImage({ toolchain, agent, unit, key }: Content): readonly Step[] {
  return [
    file(toolchain, '/tmp/go.tar.gz'),
    shell('tar -C /usr/local -xzf /tmp/go.tar.gz', 'rm /tmp/go.tar.gz', '/usr/local/go/bin/go version'),
    shell('useradd --create-home --shell /bin/bash agent'),
    file(key, '/tmp/agent.pub'),
    shell(
      'mkdir /home/agent/.ssh', 'mv /tmp/agent.pub /home/agent/.ssh/authorized_keys', 'chown -R agent:agent /home/agent/.ssh',
      'chmod 400 /home/agent/.ssh/authorized_keys',
    ),
    file(agent, '/tmp/agent'),
    shell('mkdir /home/agent/bin', 'mv /tmp/agent /home/agent/bin/agent', 'chown -R agent:agent /home/agent/bin', 'chmod 0770 /home/agent/bin/agent'),
    file(unit, '/tmp/agent.service'),
    // The machines have no systemd that could be asked.
    shell('mv /tmp/agent.service /etc/systemd/system/agent.service', 'ln -s /etc/systemd/system/agent.service /etc/systemd/system/multi-user.target.wants/', 'test -e /etc/systemd/system/multi-user.target.wants/agent.service'),
  ];
}

interface Content {
  readonly toolchain: string;
  readonly agent: string;
  readonly unit: string;
  readonly key: string;
  readonly folders: string;
  readonly flat: string;
  readonly large: string;
}

function contentIn(folder: string): Content {
  const write = (name: string, content: Buffer | string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const files = (name: string, pathOf: (i: number) => string) => {
    for (let i = 0; i < 2000; i++) {
      const path = join(folder, name, pathOf(i));
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, noise(4096, `${name} ${i}`));
    }
    return `${join(folder, name)}/`;
  };
  return {
    toolchain: write('go.tar.gz', standIn()),
    agent: write('agent', noise(2 << 20, 'agent')),
    unit: write('agent.service', '[Service]\nUser=agent\nExecStart=/home/agent/bin/agent\n[Install]\nWantedBy=multi-user.target\n'),
    key: write('agent.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9uZSBrZXkgdGhhdCBub2JvZHkgaGFzIHRoZSBvdGhl agent\n'),
    folders: files('folders', (i) => join(`folder-${i % 20}`, `file-${i}`)),
    flat: files('flat', (i) => `file-${i}`),
    large: write('large', noise(100_000_000, 'large')),
  };
}

/** Stands for a tool chain: a program, and 8 MB that do not get smaller. */
function standIn(): Buffer {
  const member = (name: string, mode: number, content: Buffer) => [
    tarHeader({ name: Buffer.from(name), type: 'file', mode, size: content.length }), content, tarPadding(content.length),
  ];
  return gzipSync(Buffer.concat([
    ...member('go/bin/go', 0o755, Buffer.from('#!/bin/sh\necho go version go1.17.5 linux/amd64\n')),
    ...member('go/pkg/library', 0o644, noise(8 << 20, 'go')),
    TAR_END,
  ]), { level: 1 });
}

/** Bytes that look like chance, and are the same in every run. */
function noise(size: number, seed: string): Buffer {
  const hash = createHash('shake256', { outputLength: size });
  return hash.update(seed).digest();
}
