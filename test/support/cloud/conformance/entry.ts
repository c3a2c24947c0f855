/** One call that the cloud answers: any other is an error. */
export interface ConformanceEntry {
  readonly service: string;
  readonly action: string;
  /** What AWS does, as far as we rely on it. */
  readonly behaviour: string;
  /** Where that is written down: a page of AWS's reference, or a section of our own notes. */
  readonly source: string;
  /** Who answers: moto as it is, or we (perhaps with what moto says). */
  readonly by: 'moto' | 'overlay';
}
