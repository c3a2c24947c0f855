import type { SsmInstance, SsmSurroundings } from './ssm-service';
import { AGENT_RUNS } from '../machines/system-recipe';

const POLL_MS = 20;
/** At most so many scripts of commands at a time; the others wait their turn. */
const WORKERS = 5;

/** The agents of the instances, as Systems Manager knows them. */
export class Agents {
  private readonly dropped = new Set<string>();
  /** When those that were heard of had started. */
  private readonly registered = new Map<string, number>();
  private readonly workers = new Map<string, { busy: number; readonly waiting: (() => void)[] }>();

  constructor(private readonly surroundings: SsmSurroundings) {}

  /** The agent of an instance falls silent, or speaks again. */
  drop(instanceId: string): void { this.dropped.add(instanceId); }
  restore(instanceId: string): void { this.dropped.delete(instanceId); }

  reset(): void {
    this.dropped.clear();
    this.registered.clear();
    this.workers.clear();
  }

  /** Whether Systems Manager takes commands for an instance: its agent has registered, in this start or an earlier one. */
  async isManaged(instance: SsmInstance | undefined): Promise<boolean> {
    if (!instance || instance.state !== 'running') { return false; }
    return this.registered.get(instance.id) === instance.startedAt || this.register(instance);
  }

  /** Whether it hears of commands now. */
  isOnline(instance: SsmInstance | undefined): boolean {
    return instance?.state === 'running' && !this.dropped.has(instance.id) && this.registered.get(instance.id) === instance.startedAt;
  }

  /** Whether it was ever heard of. */
  isKnown(instanceId: string): boolean { return this.registered.has(instanceId); }

  /** Waits for a free worker of an instance; returns how to give it back. */
  async worker(instanceId: string): Promise<() => void> {
    const workers = this.workers.get(instanceId) ?? { busy: 0, waiting: [] };
    this.workers.set(instanceId, workers);
    if (workers.busy >= WORKERS) { await new Promise<void>((resolve) => { workers.waiting.push(resolve); }); } else { workers.busy++; }
    return () => {
      const next = workers.waiting.shift();
      if (next) { next(); } else { workers.busy--; }
    };
  }

  /** Restarts the machine at the wish of a script, and waits until its agent is back. */
  async restart(instance: () => SsmInstance | undefined, signal: AbortSignal): Promise<void> {
    const mark = '/run/golden-restart-asked';
    await instance()?.machine?.exec?.(`: > ${mark}`);
    await instance()?.machine?.reboot();
    while (!signal.aborted && instance()?.state !== 'terminated') {
      await this.surroundings.sleep(POLL_MS);
      if (await answers(instance(), `[ ! -e ${mark} ] && [ -e ${AGENT_RUNS} ]`)) { return; }
    }
  }

  private async register(instance: SsmInstance): Promise<boolean> {
    const { surroundings, dropped } = this;
    if (!instance.managed || !instance.hasAgent || dropped.has(instance.id)) { return false; }
    if (surroundings.now() < instance.startedAt + surroundings.settings.ssmOnlineMs) { return false; }
    if (instance.machine?.exec && !await answers(instance, `[ -e ${AGENT_RUNS} ]`)) { return false; }
    this.registered.set(instance.id, instance.startedAt);
    return true;
  }
}

async function answers(instance: SsmInstance | undefined, condition: string): Promise<boolean> {
  const run = instance?.machine?.exec?.(condition, { timeoutMs: 5_000 });
  return run !== undefined && await run.then(({ exitCode }) => exitCode === 0, () => false);
}
