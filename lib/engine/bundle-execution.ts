import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import type { Bundle, BundleEnd, PackedInstruction } from './bundle/bundle';
import { followBundle } from './bundle/follow';
import type { RunnerRecord } from './bundle/records';
import { loadBundle, prepareBundle, startBundle, type BundleLoad } from './bundle/ship';
import { isConnectionLost, type Connection } from './connection';
import { InstructionLog } from './instruction-log';
import { instructionFailed, SHOWN_LINES, type InstructionResult } from './instruction-result';
import { awaitRestart, markBeforeRestart, type RestartMark } from './restart';

/** How long a machine may take to come back after it restarted by itself. */
const RESTART_MS = 600_000;

/** After this time without an answer, the machine itself is asked whether it restarts. */
const RETURN_MS = 10_000;

export interface BundleListener {
  /** An instruction has come to its end, good or bad. */
  finished(result: InstructionResult): void;
  /** The machine stands still after this instruction, for its disk to be saved. */
  checkpoint(index: number): Promise<void>;
}

/** Sends one bundle to the machine, and turns what its runner records into events and results. */
export class BundleExecution {
  /** Index of the instruction that the bundle ended at, where it failed. */
  failedIndex: number | undefined;
  private readonly logs = new Map<number, InstructionLog>();
  private readonly started = new Map<number, number>();
  private readonly finished = new Set<number>();
  /** The machine restarted under this bundle, and was waited for. */
  private returned = false;
  /** Tells whether the machine has restarted, where this bundle may restart it. */
  private mark: RestartMark | undefined;

  constructor(
    private readonly context: BuildContext, private readonly connection: Connection,
    private readonly bundle: Bundle, private readonly listener: BundleListener, private readonly load?: Promise<BundleLoad>,
  ) {}

  /** Errors: `instruction-failed`; `runner-gone`, `machine-restarted` where that was not expected. */
  async run(): Promise<void> {
    const { context, connection, bundle, load } = this;
    if (this.last.expectDisconnect) { this.mark = await markBeforeRestart(connection, `${context.folders.state}.restart`); }
    const start = await context.act('upload', { bundle: bundle.payload, machine: connection.machine.id }, async () => (
      loadBundle(connection, context.folders, bundle, await (load ?? prepareBundle(connection.communicator.kind, bundle)))
    ));
    const end = await followBundle(connection, bundle, {
      record: (record) => this.record(record),
      output: (index, stream, data) => {
        this.log(index).write(stream, data);
        return context.request.caughtUp?.();
      },
      recover: () => this.recover(),
    }, { start, startAlone: () => startBundle(connection, context.folders, start) });
    await this.settle(end);
  }

  private async record(record: RunnerRecord): Promise<void> {
    const { report } = this.context;
    switch (record.type) {
      case 'start':
        if (record.attempt === 1) { this.started.set(record.index, record.at); }
        report({ type: 'instruction.started', index: record.index, origin: this.packed(record.index).origin, attempt: record.attempt });
        return;
      case 'retry': {
        const how = record.timedOut ? 'took too long' : `ended with exit code ${record.exitCode}`;
        const message = `${this.packed(record.index).origin}: attempt ${record.attempt} ${how}; the next one in ${record.backoffSeconds} s`;
        report({ type: 'notice', level: 'warning', message });
        return;
      }
      case 'end':
        this.finish(record.index, {
          exitCode: record.exitCode,
          ok: record.how === 'ok',
          attempts: record.attempt,
          seconds: (record.at - (this.started.get(record.index) ?? record.at)) / 100,
        });
        return;
      case 'hold':
        await this.listener.checkpoint(record.index);
        await this.connection.demand('go on after a checkpoint', `: >${this.bundle.state}/go.${record.index}`);
    }
  }

  private finish(index: number, { exitCode, ok, seconds, attempts }: { exitCode: number; ok: boolean; seconds: number; attempts: number }): void {
    const { type, origin } = this.context.request.plan.definition.instructions[index];
    this.log(index).end();
    this.finished.add(index);
    this.context.report({ type: 'instruction.finished', index, origin, exitCode, seconds, ok });
    this.listener.finished({ index, type, origin, cached: false, exitCode, seconds, attempts });
  }

  /** Brings the machine back within reach; one that was expected to go may have to be waited for longer. */
  private async recover(): Promise<void> {
    const { connection } = this;
    if (!this.last.expectDisconnect) {
      this.context.report({ type: 'notice', level: 'warning', message: 'The connection to the machine was lost; its work goes on meanwhile' });
      await connection.reconnect();
      return;
    }
    try {
      await connection.reconnect(RETURN_MS);
    } catch (error) {
      if (this.context.signal.aborted) { throw error; }
      await this.awaitRestart();
    }
  }

  private async awaitRestart(): Promise<void> {
    this.returned = true;
    await awaitRestart(this.connection, this.mark!, RESTART_MS);
  }

  private async settle(end: BundleEnd): Promise<void> {
    const { request } = this.context;
    if (end.type === 'failed') {
      this.failedIndex = end.index;
      const instruction = request.plan.definition.instructions[end.index];
      throw instructionFailed(request, end.index, instruction, { ...end, lastLines: this.log(end.index).lastLines(SHOWN_LINES) });
    }
    const onlyLastIsLeft = this.finished.size >= this.bundle.instructions.length - 1;
    if (this.last.expectDisconnect && onlyLastIsLeft) {
      await this.awaitReturn(end);
      // How it ended went down with the machine: that it may is what was declared.
      if (!this.finished.has(this.last.index)) { this.finish(this.last.index, { exitCode: 0, ok: true, seconds: 0, attempts: 1 }); }
      return;
    }
    if (end.type !== 'ok') { throw this.interruption(end); }
  }

  /** Where the machine goes down, or went, waits until it is back. */
  private async awaitReturn(end: BundleEnd): Promise<void> {
    if (end.type !== 'restarted' && !await this.isRestarting()) { return; }
    // Another wait would be one for another restart.
    if (!this.returned) { await this.awaitRestart(); }
  }

  private async isRestarting(): Promise<boolean> {
    const { connection, bundle, context } = this;
    const probe = `[ -e ${bundle.state}/records ] || echo restarted; systemctl is-system-running 2>/dev/null || true`;
    for (;;) {
      try {
        const { stdout } = await connection.communicator.execute(probe, { signal: context.signal });
        return /^(restarted|stopping)$/m.test(stdout.toString());
      } catch (error) {
        if (!isConnectionLost(error)) { throw error; }
        await this.recover();
      }
    }
  }

  private interruption(end: BundleEnd): GoldenError {
    const { plan } = this.context.request;
    const { index, origin } = this.bundle.instructions.find((one) => !this.finished.has(one.index)) ?? this.last;
    this.failedIndex = index;
    const words = this.log(index).lastLines(SHOWN_LINES).map((line) => `\n  ${line}`).join('');
    const options = { kind: 'instruction', path: `${plan.image}/${origin}` } as const;
    return end.type === 'restarted'
      ? new GoldenError('machine-restarted', `The machine restarted under it${words && `; its last words:${words}`}`, {
        ...options, hint: 'Declare that the script restarts the machine (expectDisconnect), or use a reboot in its place.',
      })
      : new GoldenError('runner-gone', `What executes it on the machine has gone${words && `; its last words:${words}`}`, {
        ...options, hint: 'Something on the machine ended it: look for a lack of memory, or for a script that kills what it did not start.',
      });
  }

  private get last(): PackedInstruction {
    return this.bundle.instructions[this.bundle.instructions.length - 1];
  }

  private packed(index: number): PackedInstruction {
    return this.bundle.instructions.find((instruction) => instruction.index === index)!;
  }

  private log(index: number): InstructionLog {
    const { redaction, report } = this.context;
    let log = this.logs.get(index);
    if (!log) { this.logs.set(index, log = new InstructionLog(index, redaction, report)); }
    return log;
  }
}
