import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import { cancelCommand } from './bundle/ship';
import { Connection } from './connection';
import { renewLease } from './lease';
import type { Undo } from './undo';
import { quoteAll } from '../plan/shell';
import type { CommunicatorFactory } from '../ports/communicator';
import type { Machine } from '../ports/host';

/** How long a machine may take until it takes commands. */
const CONNECT_MS = 300_000;

const CANCEL_MS = 10_000;

export interface Watch {
  /** Undoes what is left of this build where it ends early. */
  readonly undo: Undo;
  /** Ends the build, whatever it is doing. */
  readonly abort: (reason: GoldenError) => void;
}

/** A machine whose removal is seen to, however the build ends. */
export interface WatchedMachine {
  readonly machine: Machine;
  /** Removes it, once: who asks again waits for the same. */
  readonly remove: () => Promise<void>;
  /** Begins to remove it, and waits for nothing. */
  readonly release: () => void;
}

/** Starts a machine, registers its removal before anything else can fail, and ends the build where the machine goes by itself. */
export async function startWatched(start: () => Promise<Machine>, context: BuildContext, { undo, abort }: Watch): Promise<WatchedMachine> {
  const machine = await start();
  let removal: Promise<void> | undefined;
  const removeOnce = async () => {
    await machine.destroy();
    await context.journal.append({ type: 'undone', act: 'launch', detail: { machine: machine.id } });
    forget();
  };
  const remove = () => removal ??= removeOnce().catch((error) => {
    removal = undefined;
    throw error;
  });
  let forget = undo.add({
    what: `the machine ${machine.id} (${machine.description})`,
    undo: remove,
    keep: async () => {
      await machine.keep?.();
      context.report({ type: 'notice', level: 'warning', message: await wayInto(machine, context) });
    },
  });
  void machine.lost.then((reason) => abort(new GoldenError('machine-lost', `The machine has gone: ${reason}`, {
    path: context.request.plan.image, hint: 'Build again: it starts from the last layer that was saved.',
  })));
  return {
    machine,
    remove,
    release: () => {
      forget();
      // Nobody wants to look at it any more, whatever happens to the image.
      forget = undo.add({ what: `the released machine ${machine.id} (${machine.description})`, undo: remove, keep: remove });
      // Whoever asks for the removal again learns why it failed.
      remove().catch(() => undefined);
    },
  };
}

export interface ConnectToOptions {
  /** @default 300000 */
  readonly timeoutMs?: number;
  /** The first command that the machine gets. @default true */
  readonly first?: string;
  /** What a command of the machine gets as its input soon. @default nothing */
  readonly input?: Promise<Buffer | undefined>;
}

export interface OpenConnection {
  /** What the first command wrote. */
  readonly answer: string;
  readonly connection: Connection;
  /** Renews the lease no more: what cleans the machine ends it, too. */
  readonly endRenewal: () => Promise<void>;
  /** Takes from the machine what must not be captured of ours: the last that is asked of it. */
  readonly leave: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Connects to a machine, and keeps its lease from then on. */
export async function connectTo(
  machine: Machine, factory: CommunicatorFactory, context: BuildContext, undo: Undo, { timeoutMs = CONNECT_MS, first, input }: ConnectToOptions = {},
): Promise<OpenConnection> {
  const { request, signal, report, folders } = context;
  const communicator = factory.open(machine);
  let endRenewal = async () => { /* not begun */ };
  const close = async () => {
    await endRenewal();
    await communicator.close();
  };
  const forget = undo.add({
    what: 'the connection',
    undo: close,
    // Who wants to look at the machine wants it to stand still.
    keep: async () => {
      await communicator.execute(cancelCommand(folders), { timeoutMs: CANCEL_MS });
      await close();
    },
  });
  const answer = await communicator.connect({ timeoutMs, signal, first, input });
  const connection = new Connection(machine, communicator, { clock: request.clock, report, signal });
  endRenewal = renewLease(connection);
  return {
    answer: answer.toString().trim(),
    connection,
    endRenewal: () => endRenewal(),
    leave: async () => { await communicator.leave?.(); },
    close: async () => {
      await close();
      forget();
    },
  };
}

/** How a person gets into a machine that is left behind, as it is now: a restart changes it. */
async function wayInto({ id, access, lease }: Machine, { buildId }: BuildContext): Promise<string> {
  const enter = await access.enter?.();
  const commands = `Look at the machine ${id} with golden shell ${buildId}, golden exec ${buildId} -- COMMAND, or golden cp ${buildId}:/PATH .`;
  const how = enter ? `${commands}\nOr enter it with: ${quoteAll([...enter, '/bin/sh'])}`
    : access.instanceId ? `${commands}\nThey take Systems Manager, as does: aws ssm start-session --target ${access.instanceId}; else it is reached with a key of your own at ${access.address ?? 'its address'}`
      : `The machine ${id} goes on, and cannot be entered any more: the key to it was in the memory of the build. With --on-error ask, a build opens a shell on it.`;
  return lease ? `${how}\nIt ends itself when its lease runs out. To keep it for longer, run on it as root: ${lease.disarm}` : how;
}
