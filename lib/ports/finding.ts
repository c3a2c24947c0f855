/** One thing that was looked at, and whether this computer can do it. */
export interface Finding {
  /** Short and stable, for programs: `user-namespaces`. */
  readonly name: string;
  /** For people, as a row of a table is called. */
  readonly title: string;
  /** `note`: nothing depends on it. */
  readonly state: 'yes' | 'no' | 'note';
  /** One line: what was found, or what stands in the way. */
  readonly detail: string;
  /** It is a way to build images: one is enough. */
  readonly isWay?: boolean;
  /** Packages that are missing for it. */
  readonly packages?: readonly string[];
  /** Command of root that it takes besides. */
  readonly command?: string;
}
