import { GoldenError } from '../errors';
import type { Deviations } from './deviations';
import { instructionLabel } from './instruction-label';
import type { Redaction } from './redact';
import type { Instruction } from '../plan/instructions';
import type { Plan } from '../plan/model';
import type { Entrance } from '../ports/attachment';
import type { Journal } from '../ports/journal';
import type { FailedWork, FailureDecision, Operator } from '../ports/operator';

export interface DecisionsOptions {
  readonly operator: Operator;
  readonly plan: Plan;
  readonly journal: Journal;
  readonly redaction: Redaction;
  readonly deviations: Deviations;
  readonly signal: AbortSignal;
}

/** The act under which the journal has what a person decided. */
const DECISION = 'decision';

/** Asks the person who watches a build, and records what was decided. */
export class Decisions {
  /** The machine is to be left as it is. */
  leavesMachine = false;
  private entrance: Entrance | undefined;
  private isFinal = true;

  constructor(private readonly options: DecisionsOptions) {}

  /**
   * There is a machine now.
   * @param isFinal what fails on it is not tried elsewhere by itself
   */
  enter(entrance: Entrance, isFinal: boolean): void {
    this.entrance = entrance;
    this.isFinal = isFinal;
  }

  /** Whether a person is asked before each instruction. */
  get stopsBeforeEach(): boolean {
    return this.options.operator.beforeInstruction !== undefined;
  }

  /** Errors: `quit`. */
  async before(index: number, instruction: Instruction): Promise<void> {
    const { operator, plan, signal } = this.options;
    if (!operator.beforeInstruction || !this.entrance) { return; }
    const next = { index, count: plan.definition.instructions.length, path: `${plan.image}/${instruction.origin}`, what: instructionLabel(instruction) };
    const decision = await operator.beforeInstruction(next, this.entrance, signal);
    if (decision === 'go-on') { return; }
    await this.record({ instruction: index, decision });
    throw new GoldenError('quit', `Ended before instruction ${index + 1}, as it was wished`, { kind: 'interrupted', path: next.path });
  }

  /** Instruction that failed: whether it is done again, or left out. Throws the error where the build is to end. */
  async afterInstruction(error: unknown, index: number, { type }: Instruction): Promise<'retry' | 'skip'> {
    const decision = await this.ask(error, { instruction: index }, ['retry', 'skip', 'cleanup', 'abort']);
    if (decision === 'skip') { await this.options.deviations.add(`instruction ${index + 1} was skipped`, type === 'check' ? 'check' : 'machine'); }
    return decision;
  }

  /** Checks of the finished machine that failed: whether they are held again, or left as they are. Throws the error where the build is to end. */
  async afterChecks(error: unknown): Promise<'retry' | 'skip'> {
    const decision = await this.ask(error, {}, ['retry', 'skip', 'cleanup', 'abort']);
    if (decision === 'skip') { await this.options.deviations.add('checks that failed were skipped', 'check'); }
    return decision;
  }

  /** The end of a build that cannot be published: only what becomes of its machine is left to decide. Always throws the error. */
  async atEnd(error: unknown): Promise<never> {
    await this.ask(error, {}, ['cleanup', 'abort']);
    throw error;
  }

  private async ask(error: unknown, about: { readonly instruction?: number }, choices: readonly FailureDecision[]): Promise<'retry' | 'skip'> {
    const { operator, signal, redaction } = this.options;
    if (!operator.onFailure || !this.entrance || !this.isFinal || !GoldenError.is(error) || signal.aborted) { throw error; }
    const failure: FailedWork = { path: error.path, message: redaction.text(error.message), choices };
    const decision = await operator.onFailure(failure, this.entrance, signal);
    await this.record({ ...about, error: error.code, decision });
    if (decision === 'retry' || decision === 'skip') { return decision; }
    this.leavesMachine = decision === 'abort';
    throw error;
  }

  private record(detail: { readonly [key: string]: string | number }): Promise<void> {
    return this.options.journal.append({ type: 'event', act: DECISION, detail });
  }
}
