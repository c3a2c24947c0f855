/** One durable line of a build's record. */
export interface JournalRecord {
  /** Counts from 1 within a build. */
  readonly sequence: number;
  readonly time: string;
  readonly type: 'started' | 'intent' | 'done' | 'undone' | 'event' | 'finished';
  readonly act?: string;
  readonly detail?: { readonly [key: string]: unknown };
}

/** Keeps a build's record where it outlives the process. */
export interface Journal {
  readonly buildId: string;
  /** Resolves when the record would survive a power cut. */
  append(record: Omit<JournalRecord, 'sequence' | 'time'>): Promise<void>;
  read(): Promise<readonly JournalRecord[]>;
  close(): Promise<void>;
}
