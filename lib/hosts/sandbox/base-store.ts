import { existsSync } from 'fs';
import { mkdir, rename, writeFile } from 'fs/promises';
import { join } from 'path';
import { baseRecipe } from './base-recipe';
import type { BaseSpec } from './base-spec';
import { fetchHint } from './fetch-hint';
import { removeFolder } from './folder-removal';
import { explainingFullDisk } from './full-disk';
import { draftName } from './owner';
import { unpackRootTar } from './root-tar-source';
import type { SandboxFolder } from './sandbox-folder';
import { requireTools } from './tools';
import { rootFlags } from './user-namespace';
import { GoldenError } from '../../errors';
import type { MirrorSource } from '../../plan/model';
import { quote } from '../../plan/shell';
import type { HostContext } from '../../ports/host';
import { output } from '../../process';

/** A mirror that answers slowly is no reason to wait for ever. */
const BASE_TIMEOUT_MS = 30 * 60_000;

/** Builds that this process has under way, by the base's folder: images built side by side share one. */
const underWay = new Map<string, Promise<void>>();

/** The root folders that machines start from, each built once and never changed. */
export class BaseStore {
  constructor(private readonly folder: SandboxFolder) {}

  has(id: string): boolean {
    return existsSync(join(this.folder.bases, id));
  }

  /** Makes the base where it is not there yet. */
  async prepare(spec: BaseSpec, context: HostContext): Promise<void> {
    const final = join(this.folder.bases, spec.id);
    while (!this.has(spec.id)) {
      const building = underWay.get(final);
      if (!building) {
        const mine = this.build(spec, final, context).finally(() => underWay.delete(final));
        underWay.set(final, mine);
        await mine;
        return;
      }
      // It may have been interrupted, and we were not: then we build it.
      await building.catch(() => undefined);
      if (context.signal.aborted) { throw new GoldenError('interrupted', 'Interrupted', { kind: 'interrupted' }); }
    }
  }

  private async build(spec: BaseSpec, final: string, context: HostContext): Promise<void> {
    const begin = Date.now();
    context.report({ type: 'phase.started', phase: 'base', detail: spec.description });
    await mkdir(this.folder.bases, { recursive: true });
    const draft = join(this.folder.bases, draftName());
    await context.intend('build-base', { folder: draft });
    await mkdir(draft);
    try {
      await explainingFullDisk(this.folder.bases, async () => {
        if (spec.source.type === 'mirror') {
          await bootstrap(spec.source, draft, context);
        } else {
          await unpackRootTar(spec.source, draft, context);
        }
        await writeFile(join(draft, 'base.json'), `${JSON.stringify(spec, undefined, 2)}\n`);
        await output(['sync', '--file-system', draft], { timeoutMs: 300_000 });
      });
      await rename(draft, final).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster, with the same base.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') { throw error; }
      });
    } finally {
      await removeFolder(draft);
    }
    context.report({ type: 'phase.finished', phase: 'base', seconds: (Date.now() - begin) / 1000 });
  }
}

async function bootstrap(source: MirrorSource & { readonly user: string }, draft: string, context: HostContext): Promise<void> {
  requireTools(['mmdebstrap']);
  const recipe = join(draft, 'recipe.sh');
  await writeFile(recipe, baseRecipe(source.user));
  let line = '';
  await output([
    // It mounts /dev and the like below the new root. In namespaces of its own they go with it, however it ends.
    'unshare', ...rootFlags(), '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--',
    'mmdebstrap', '--mode=root', '--variant=minbase', '--format=directory',
    // Not every distribution counts it among what a minimal system has to have.
    `--include=${['apt', ...source.packages].join(',')}`,
    `--customize-hook=chroot "$1" /bin/sh < ${quote(recipe)}`,
    source.suite, join(draft, 'root'),
    ...source.mirrors.map(({ url, suite, components }) => `deb ${url} ${suite} ${components.join(' ')}`),
  ], {
    signal: context.signal,
    timeoutMs: BASE_TIMEOUT_MS,
    onStderr: (data) => {
      const lines = (line + data.toString()).split(/[\r\n]+/);
      line = lines.pop()!;
      lines.filter((l) => l.startsWith('I: ')).forEach((l) => context.report({ type: 'notice', level: 'info', message: l.slice(3) }));
    },
  }).catch((error: unknown) => { throw bootstrapError(error, source); });
}

function bootstrapError(error: unknown, { distribution, suite }: MirrorSource): unknown {
  if (!GoldenError.is(error) || error.code !== 'command-failed') { return error; }
  return new GoldenError('base-failed', `The base of ${distribution} ${suite} could not be put together: ${error.message}`, {
    hint: bootstrapHint(error.message, distribution), cause: error,
  });
}

/** What to do, going by what apt said last. */
function bootstrapHint(said: string, distribution: string): string {
  const hint = fetchHint(said, 'the mirrors');
  if (hint) { return hint; }
  if (said.includes('NO_PUBKEY')) {
    return `This machine does not know the keys of ${distribution}: install the package with its archive keyring (${distribution}-archive-keyring or ${distribution}-keyring).`;
  }
  return 'Check the mirrors, the suites and the names of the packages, and that this machine reaches the mirrors.';
}
