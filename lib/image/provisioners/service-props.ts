import type { FileSource } from '../file-source';

/** What is done for a systemd service. */
export interface ServiceProps {
  /**
   * The unit file, placed in `/etc/systemd/system`.
   *
   * @default - the machine has it already, say from a package
   */
  readonly unit?: FileSource;

  /**
   * Whether it is made to start at every boot. False leaves it as it is.
   *
   * @default true
   */
  readonly enable?: boolean;

  /**
   * Whether it is started: now, where the machine that is being provisioned is booted; else at first boot, if it is enabled.
   * With a unit file, a running service is restarted.
   *
   * @default true
   */
  readonly start?: boolean;
}
