import { createHash } from 'crypto';
import { createReadStream } from 'fs';
import { join } from 'path';
import { pipeline } from 'stream/promises';
import { hostContext, launchRequest, machinePlan, TEST_HOME } from './machine-plan';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import { output } from '../../lib/process';

/** What a machine boots without: half of a base. What it needs to start from a disk is in its initrd; what it needs to hear that it is to stop is not. */
const DEAF = ['lib/modules', 'lib/udev'];
const NEEDLESS = ['share/doc', 'share/i18n', 'share/locale', 'share/man', 'share/perl'];

/**
 * A root tar for builds that are many: made of the base that all suites share, with what takes time left out.
 * @param stops whether a machine of it under QEMU stops when it is asked to
 */
export async function slimRootTar(folder: string, { stops = false } = {}): Promise<{ readonly location: string; readonly sha256: string }> {
  const host = new SandboxHost({ stateFolder: TEST_HOME, outputFolder: folder });
  const request = await launchRequest(host, machinePlan(), hostContext());
  // A machine is what makes the base, where it is not there yet.
  await (await host.launch(request, hostContext())).destroy();
  const root = join(TEST_HOME, 'sandbox', 'bases', request.source.id, 'root');
  const location = join(folder, 'slim.tar');
  await output(['tar', '-C', root, '--numeric-owner', '--xattrs', '--xattrs-include=*', ...[...NEEDLESS, ...stops ? [] : DEAF].map((path) => `--exclude=./usr/${path}/*`), '-cf', location, '.']);
  const hash = createHash('sha256');
  await pipeline(createReadStream(location), hash);
  return { location, sha256: hash.digest('hex') };
}
