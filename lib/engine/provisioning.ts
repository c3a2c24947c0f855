import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import { BundleExecution } from './bundle-execution';
import type { CheckSummary } from './checks';
import type { Connection } from './connection';
import type { Inputs } from './inputs';
import { InstructionLog } from './instruction-log';
import { instructionFailed, SHOWN_LINES, type InstructionResult } from './instruction-result';
import type { EngineHandler } from './instructions/engine-handler';
import { handlerOf } from './instructions/handlers';
import type { LayerPolicy } from './layer-policy';
import { isAsPacked, packBundle, type PackedAhead, type PackOptions } from './packing';
import type { Instruction } from '../plan/instructions';

/** Executes the instructions of a plan on a machine, in bundles where it can, and saves layers on the way. */
export class Provisioning {
  readonly results: InstructionResult[] = [];
  readonly checks: CheckSummary[] = [];
  private readonly instructions: readonly Instruction[];
  private lastCheckpoint: number;
  /** The one that was executed last, where it failed. */
  private failedIndex: number | undefined;
  /** How many times an instruction was executed before it was done again. */
  private readonly earlierAttempts = new Map<number, number>();
  private bundles = 0;

  constructor(
    private readonly context: BuildContext, private readonly connection: Connection,
    private readonly inputs: Inputs, private readonly policy: LayerPolicy, private readonly ahead?: PackedAhead,
  ) {
    this.instructions = context.request.plan.definition.instructions;
    this.lastCheckpoint = context.request.clock.now();
  }

  /** Reports those that the disk has already. */
  passOver(count: number): void {
    this.instructions.slice(0, count).forEach((instruction, index) => this.cached(index, instruction));
  }

  /** Reports an instruction as done that something else has done just now. */
  haveDone(index: number): void {
    const { type, origin } = this.instructions[index];
    this.context.report({ type: 'instruction.started', index, origin, attempt: 1 });
    this.context.report({ type: 'instruction.finished', index, origin, exitCode: 0, seconds: 0, ok: true });
    this.results.push({ index, type, origin, cached: false, exitCode: 0, seconds: 0, attempts: 1 });
  }

  /** @param to index after the last one that is executed */
  async run(from: number, to: number = this.instructions.length): Promise<void> {
    for (let index = from; index < to;) {
      await this.context.decisions.before(index, this.instructions[index]);
      index = await this.next(index, to).catch((error: unknown) => this.afterFailure(error));
    }
  }

  /** Executes what comes next. Returns the index after it. */
  private async next(index: number, to: number): Promise<number> {
    this.failedIndex = undefined;
    const handler = handlerOf(this.instructions[index]);
    if (handler.place === 'machine') { return this.bundle(index, to); }
    await this.alone(index, handler);
    return index + 1;
  }

  /** Where a person has it so, goes on in spite of a failure. Returns the index of what comes next. */
  private async afterFailure(error: unknown): Promise<number> {
    const { failedIndex: index, context: { decisions } } = this;
    if (index === undefined) { throw error; }
    const decision = await decisions.afterInstruction(error, index, this.instructions[index]);
    if (decision === 'skip') { return index + 1; }
    const failed = this.results.findIndex((result) => result.index === index);
    if (failed >= 0) { this.earlierAttempts.set(index, this.results.splice(failed, 1)[0].attempts); }
    return index;
  }

  private finished(result: InstructionResult): void {
    this.results.push({ ...result, attempts: result.attempts + (this.earlierAttempts.get(result.index) ?? 0) });
  }

  private cached(index: number, { type, origin }: Instruction): void {
    this.results.push({ index, type, origin, cached: true, exitCode: 0, seconds: 0, attempts: 0 });
    this.context.report({ type: 'instruction.cached', index, origin });
  }

  /** Executes consecutive instructions on the machine. Returns the index after the last one. */
  private async bundle(from: number, to: number): Promise<number> {
    const options: PackOptions = { from, to, number: this.bundles++, savesLayers: this.savesLayers, sinceCheckpoint: this.sinceCheckpoint() };
    const ahead = this.ahead && isAsPacked(this.ahead, options) ? this.ahead : undefined;
    const bundle = ahead?.bundle ?? packBundle(this.context, this.inputs, this.policy, options);
    const { instructions } = bundle;
    const execution = new BundleExecution(this.context, this.connection, bundle, {
      finished: (result) => this.finished(result),
      checkpoint: (index) => this.checkpoint(index),
    }, ahead?.load);
    try {
      await execution.run();
    } catch (error) {
      this.failedIndex = execution.failedIndex;
      throw error;
    }
    const last = from + instructions.length - 1;
    // Where the machine may have restarted, the runner could not wait for us.
    if (instructions[instructions.length - 1].expectDisconnect) { await this.boundary(last); }
    return last + 1;
  }

  /** Executes one instruction from here. */
  private async alone(index: number, handler: EngineHandler<Instruction>): Promise<void> {
    const instruction = this.instructions[index];
    const { request, report, redaction } = this.context;
    const { origin, type } = instruction;
    const log = new InstructionLog(index, redaction, report);
    const begin = request.clock.now();
    const finished = (exitCode: number) => {
      log.end();
      const seconds = (request.clock.now() - begin) / 1000;
      report({ type: 'instruction.finished', index, origin, exitCode, seconds, ok: exitCode === 0 });
      this.finished({ index, type, origin, cached: false, exitCode, seconds, attempts: 1 });
    };
    report({ type: 'instruction.started', index, origin, attempt: 1 });
    let exitCode: number;
    try {
      const { connection, context } = this;
      exitCode = await handler.execute(instruction, { index, context, connection, log, keep: (results) => this.checks.push(...results) });
    } catch (error) {
      finished(1);
      this.failedIndex = index;
      throw located(error, `${request.plan.image}/${origin}`);
    }
    finished(exitCode);
    if (exitCode !== 0) {
      this.failedIndex = index;
      throw instructionFailed(request, index, instruction, { exitCode, timedOut: false, lastLines: log.lastLines(SHOWN_LINES) });
    }
    await this.boundary(index);
  }

  /** Saves the disk after an instruction where that is worth it. */
  private async boundary(index: number): Promise<void> {
    if (this.savesLayers && this.policy.isDue(index, this.sinceCheckpoint())) { await this.checkpoint(index); }
  }

  /** Saves the disk as it is after an instruction, where that is what the definition says. */
  checkpoint(index: number): Promise<void> {
    return this.context.deviations.saveUnlessAny(() => this.saveLayer(index));
  }

  private async saveLayer(index: number): Promise<void> {
    const { context, connection } = this;
    const { clock, host } = context.request;
    const key = this.inputs.keys.layers[index + 1];
    const begin = clock.now();
    if (host.checkpointsDevice) { await connection.demand('write what it holds to its disk', 'sync'); }
    await context.act('checkpoint', { key, machine: connection.machine.id }, () => host.checkpoint(connection.machine, key, context));
    this.lastCheckpoint = clock.now();
    context.report({ type: 'layer.saved', key, after: index + 1, seconds: (this.lastCheckpoint - begin) / 1000 });
  }

  private get savesLayers(): boolean { return this.connection.machine.checkpoints !== false; }

  private sinceCheckpoint(): number {
    return (this.context.request.clock.now() - this.lastCheckpoint) / 1000;
  }
}

/** Says which construct an error belongs to, where it does not say so itself. */
function located(error: unknown, path: string): unknown {
  if (!GoldenError.is(error) || error.path !== undefined) { return error; }
  const { code, message, kind, hint, position } = error;
  return new GoldenError(code, message, { kind, hint, position, path, cause: error });
}
