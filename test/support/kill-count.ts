import type { Kill } from './mortal-state';

export interface KilledTry extends Kill {
  readonly then: 'resume' | 'gc';
  readonly bootTest?: boolean;
  readonly withoutBase?: boolean;
  /** It was over before its turn came. */
  readonly killed: boolean;
  /** The right one is there, once. */
  readonly artifact: boolean;
  readonly left: number;
  readonly wrong: number;
}

/** Counts what became of builds that were killed. */
export class KillCount {
  private readonly tries: KilledTry[] = [];
  private readonly notes: string[] = [];

  add(one: KilledTry): void {
    this.tries.push(one);
  }

  /** Something else that was measured. */
  note(line: string): void {
    this.notes.push(`  ${line}\n`);
  }

  table(): string {
    const of = (tries: readonly KilledTry[], is: (one: KilledTry) => boolean) => tries.filter(is).length;
    const line = (name: string, tries: readonly KilledTry[]) => `  ${name}: ${tries.length} kills tried (${of(tries, ({ killed }) => !killed)} came too late, `
      + `${of(tries, ({ family }) => family === true)} took all children along), ${of(tries, ({ artifact }) => artifact)} artifacts right, `
      + `${tries.reduce((sum, { left }) => sum + left, 0)} leftovers, ${of(tries, ({ wrong }) => wrong > 0)} wrong\n`;
    const by = (then: KilledTry['then']) => this.tries.filter((one) => one.then === then);
    return [
      `\nA build on the sandbox, killed at ${new Set(this.tries.map(({ record, bootTest, withoutBase }) => `${record} ${bootTest} ${withoutBase}`)).size} records of its journal\n`,
      line('golden resume', by('resume')),
      line('golden gc', by('gc')),
      line('while its base was made', this.tries.filter(({ withoutBase }) => withoutBase)),
      line('from its boot test on', this.tries.filter(({ bootTest }) => bootTest)),
      ...this.notes,
    ].join('');
  }
}
