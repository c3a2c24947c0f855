interface KilledCase {
  readonly kind: string;
  readonly then: 'resume' | 'gc';
  readonly killed: boolean;
  readonly hadRemains: boolean;
  readonly images: number;
  readonly left: number;
}

interface FaultedCase {
  readonly kind: string;
  readonly action: string;
  readonly nth: number;
  readonly fault: string;
  readonly met: boolean;
  readonly built: boolean;
  readonly by?: 'resume' | 'gc';
  readonly images: number;
  readonly left: number;
}

/** Counts what was tried, and how it ended. */
export class FaultCount {
  private readonly kills: KilledCase[] = [];
  private readonly faults: FaultedCase[] = [];

  killed(one: KilledCase): void {
    this.kills.push(one);
  }

  faulted(one: FaultedCase): void {
    this.faults.push(one);
  }

  /** For people, as soon as it is known: the rest of the matrix takes minutes. */
  print(): void {
    process.stdout.write(this.table());
  }

  private table(): string {
    const lines = [...new Set([...this.kills, ...this.faults].map(({ kind }) => kind))].flatMap((kind) => [
      ...this.linesOfKills(kind), ...this.linesOfFaults(kind),
    ]);
    return `\n${lines.join('\n')}\n`;
  }

  private linesOfKills(kind: string): string[] {
    const all = this.kills.filter((one) => one.kind === kind);
    if (all.length === 0) { return []; }
    return (['resume', 'gc'] as const).map((then) => {
      const ours = all.filter((one) => one.then === then);
      const [killed, right] = [ours.filter((one) => one.killed).length, ours.filter(({ images }) => images === 1).length];
      return `${kind}: ${killed} kills, then golden ${then}: ${right} images right, ${ours.length - right} without an image, ${sum(ours)} leftovers`;
    });
  }

  private linesOfFaults(kind: string): string[] {
    const all = this.faults.filter((one) => one.kind === kind);
    if (all.length === 0) { return []; }
    const failed = all.filter(({ built }) => !built);
    const number = (test: (one: FaultedCase) => boolean) => all.filter(test).length;
    return [
      `${kind}: ${number(({ met }) => met)} calls that failed once: ${number(({ built }) => built)} builds succeeded at once, `
      + `${number(({ built, by }) => !built && by === 'resume')} by golden resume, ${number(({ built, by }) => !built && by === 'gc')} removed by golden gc, `
      + `${number(({ built, by }) => !built && by === undefined)} failed and removed all themselves; `
      + `${number(({ images }) => images === 1)} images right, ${sum(all)} leftovers`,
      ...failed.map(({ action, nth, fault }) => `  failed: ${action} ${nth}, ${fault}`),
    ];
  }
}

function sum(cases: readonly { readonly left: number }[]): number {
  return cases.reduce((total, { left }) => total + left, 0);
}
