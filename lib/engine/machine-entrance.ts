import type { BuildContext } from './build-context';
import type { Connection } from './connection';
import { GoldenError } from '../errors';
import type { Attachment, Entrance, EntranceOptions } from '../ports/attachment';

/** The act under which the journal has that somebody was on the machine. */
const ENTERED = 'entered';

/** The way onto the machine of a build for people, until the machine is to be captured: whoever may change it deviates from the definition. */
export class MachineEntrance implements Entrance {
  private closed = false;

  constructor(private readonly connection: Connection, private readonly context: BuildContext) {}

  /** Errors: `would-be-published` where nobody said that the image need not be; `no-machine-now`. */
  async attach(command: string, { terminal, readsOnly = false, unpublished = false }: EntranceOptions = {}): Promise<Attachment> {
    const { deviations, journal, report } = this.context;
    if (!readsOnly) {
      if (!deviations.any && !unpublished) { throw wouldBePublished(); }
      const isFirst = !deviations.any;
      await deviations.add('its machine was entered');
      await journal.append({ type: 'event', act: ENTERED, detail: { at: new Date(this.context.request.clock.now()).toISOString() } });
      if (isFirst) { report({ type: 'notice', level: 'warning', message: 'The machine was entered: its image will not be published' }); }
    }
    if (this.closed) { throw new GoldenError('no-machine-now', 'The machine is being captured', { hint: 'golden logs --follow shows how the build ends.' }); }
    return this.connection.communicator.attach(command, { terminal });
  }

  /** Lets nobody in any more. */
  close(): void {
    this.closed = true;
  }
}

function wouldBePublished(): GoldenError {
  return new GoldenError('would-be-published', 'The build runs, and is to be published: its machine has to be what its definition says', {
    kind: 'usage', hint: 'With --no-publish the build goes on to its end, and neither its image nor further layers are kept.',
  });
}
