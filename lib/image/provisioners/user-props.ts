/** What a user of the machine is like. */
export interface UserProps {
  /**
   * Home folder.
   *
   * @default - `/home/` and the name; a system user gets one only if it has keys
   */
  readonly home?: string;

  /**
   * Login shell.
   *
   * @default - `/bin/bash`; `/usr/sbin/nologin` for a system user
   */
  readonly shell?: string;

  /**
   * Groups beside the user's own. Missing ones are made.
   *
   * @default - none
   */
  readonly groups?: string[];

  /**
   * Public keys that may log in by SSH, one each. They replace those that were there.
   *
   * @default - what was there stays
   */
  readonly authorizedKeys?: string[];

  /**
   * Whether it is a system user: a number below those of people.
   *
   * @default false
   */
  readonly system?: boolean;
}
