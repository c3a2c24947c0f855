import { chmodSync, mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { output } from '../../lib/process';

const CONTROL = `Package: amazon-ssm-agent
Version: 3.3.0
Architecture: all
Maintainer: Nobody <nobody@example.com>
Description: Stands for the agent of Systems Manager
`;

/** Makes a Debian package of the agent's name in a folder, with these files, and a curl beside it that "fetches" it. Returns the folder of that. */
export async function agentPackage(folder: string, files: { readonly [path: string]: string }): Promise<string> {
  const tree = join(folder, 'tree');
  const write = (path: string, text: string) => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  write(join(tree, 'DEBIAN/control'), CONTROL);
  for (const [path, text] of Object.entries(files)) { write(join(tree, path), text); }
  await output(['dpkg-deb', '--root-owner-group', '--build', tree, join(folder, 'agent.deb')]);
  write(join(folder, 'bin/curl'), `#!/bin/sh
# curl -fsS -o FILE URL
case $4 in https://s3.*/debian_*/amazon-ssm-agent.deb) exec cp "$(dirname "$0")/../agent.deb" "$3" ;; esac
exit 22
`);
  return join(folder, 'bin');
}
