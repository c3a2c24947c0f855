import { posix } from 'path';
import { Token } from 'aws-cdk-lib';
import type { Author } from './author';
import type { Content } from './content';
import { ACCOUNT, climbs } from './forms';
import type { PutInstruction } from '../../plan/instructions';
import { FILE_MODE } from '../../plan/names';
import type { FileProps } from '../provisioners/file-props';

/** The one instruction of a file provisioner; undefined where a fault prevents it. */
export function putInstruction(props: FileProps, author: Author): PutInstruction | undefined {
  const { owner = 'root', group = 'root', mode, directoryMode = '0755' } = props;
  expectOwnership({ owner, group, modes: [mode, directoryMode] }, author);
  const content = author.content(props.source);
  const destination = content ? finalPath(props.destination, content, author) : absolutePath(props.destination, author);
  if (!content || destination === undefined) { return undefined; }
  return { type: 'put', content: content.content, destination, owner, group, mode, directoryMode, origin: author.origin };
}

/** Records faults of owner, group and modes. */
export function expectOwnership(of: { owner: string; group: string; modes: readonly (string | undefined)[] }, author: Author): void {
  author.expectForm(ACCOUNT, of.owner, 'invalid-user', `${JSON.stringify(of.owner)} is not the name of a user`, 'Give a login name or a number.');
  author.expectForm(ACCOUNT, of.group, 'invalid-group', `${JSON.stringify(of.group)} is not the name of a group`, 'Give a group name or a number.');
  for (const mode of of.modes) {
    if (mode === undefined) { continue; }
    author.expectForm(FILE_MODE, mode, 'invalid-mode', `${mode} is not the mode of a file`, 'Give an octal number with a leading zero, such as 0644.');
  }
}

/**
 * The absolute path of the file or folder itself, by Packer's rule: a trailing slash of the destination means "into", except that
 * a folder always goes into it, unless a trailing slash of the source says that only its contents are meant.
 */
function finalPath(destination: string, content: Content, author: Author): string | undefined {
  if (Token.isUnresolved(destination)) { return destination; }
  const into = isFolder(content) ? !content.contentsOnly : destination.endsWith('/');
  if (into && content.name === undefined) {
    author.fault('no-file-name', `A text has no name to put it into ${destination} by`, 'Give the path of the file, without a trailing slash.');
    return undefined;
  }
  return absolutePath(into ? `${destination}/${content.name}` : destination, author);
}

/** The path without needless slashes; undefined where it is none, with a fault. */
export function absolutePath(path: string, author: Author, role: 'destination' | 'source' = 'destination'): string | undefined {
  if (Token.isUnresolved(path)) { return path; }
  if (!path.startsWith('/') || path.includes('\0')) {
    author.fault(`relative-${role}`, `The ${role} ${JSON.stringify(path)} is relative`, 'Give an absolute path.');
    return undefined;
  }
  if (climbs(path)) {
    author.fault(`climbing-${role}`, `The ${role} ${path} climbs with ..`, 'Give the path that you mean.');
    return undefined;
  }
  const normal = posix.normalize(path);
  return normal === '/' ? normal : normal.replace(/\/$/, '');
}

function isFolder(content: Content): boolean {
  return 'kind' in content.content && content.content.kind === 'directory';
}
