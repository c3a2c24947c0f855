import { CodeBuildService } from './codebuild/codebuild-service';
import { Deliveries } from './events/delivery';
import { EventsService } from './events/events-service';
import { Notifications } from './events/notifications';
import { LambdaService } from './lambda/lambda-service';
import type { MotoProxy } from './moto-proxy';
import type { Service } from './service';
import type { ServiceSurroundings } from './service-surroundings';

/** The services that act by themselves: functions, builds, and the events between them. */
export interface Services {
  readonly lambda: LambdaService;
  readonly codeBuild: CodeBuildService;
  readonly events: EventsService;
  readonly deliveries: Deliveries;
  readonly notifications: Notifications;
  /** By the name of their signature's scope. */
  readonly byName: ReadonlyMap<string, Service>;
  reset(): Promise<void>;
}

export function openServices(surroundings: ServiceSurroundings, moto: MotoProxy): Services {
  const lambda = new LambdaService(surroundings);
  const notifications = new Notifications(moto);
  const deliveries = new Deliveries(surroundings, lambda, notifications);
  const events = new EventsService(deliveries, surroundings.now);
  const codeBuild = new CodeBuildService(surroundings, events);
  return {
    lambda,
    codeBuild,
    events,
    deliveries,
    notifications,
    byName: new Map<string, Service>([['lambda', lambda], ['codebuild', codeBuild], ['events', events]]),
    reset: async () => {
      await codeBuild.reset();
      await events.reset();
      await lambda.reset();
      notifications.clear();
    },
  };
}
