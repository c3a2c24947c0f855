import type { CloudEvent, Rule, Target } from './event';
import type { Notifications } from './notifications';
import { targetInput } from './target-input';
import type { LambdaService } from '../lambda/lambda-service';
import { callJson } from '../service-client';
import type { ServiceSurroundings } from '../service-surroundings';

/** An event that a target did not get. */
export interface FailedDelivery {
  readonly rule: string;
  readonly target: string;
  readonly reason: string;
}

const EVENTS = 'events.amazonaws.com';

/** Gives events to the targets of rules: functions, topics and build projects. */
export class Deliveries {
  /** EventBridge tells nobody of these. */
  readonly failed: FailedDelivery[] = [];

  constructor(
    private readonly surroundings: ServiceSurroundings, private readonly lambda: LambdaService, private readonly notifications: Notifications,
  ) {}

  async deliver(event: CloudEvent, rule: Rule, target: Target): Promise<void> {
    const reason = await this.give(event, rule, target).catch((error: Error) => error.message);
    if (reason !== undefined) { this.failed.push({ rule: rule.name, target: target.Arn, reason }); }
  }

  clear(): void {
    this.failed.length = 0;
  }

  private give(event: CloudEvent, rule: Rule, target: Target): Promise<string | undefined> {
    const input = targetInput(target, event, rule);
    const [, , service] = target.Arn.split(':');
    switch (service) {
      case 'lambda': return this.toLambda(rule, target.Arn, input);
      case 'sns': return this.notifications.publish(target.Arn, unquoted(input), EVENTS);
      case 'codebuild': return this.toCodeBuild(rule, target, input);
      default: throw new Error(`Events cannot go to ${target.Arn} here`);
    }
  }

  private async toLambda(rule: Rule, arn: string, input: string): Promise<string | undefined> {
    const lambda = this.lambda.functions.find(rule, arn);
    if (!this.lambda.allows(lambda, { principal: EVENTS, sourceArn: rule.arn })) { return 'The function\'s policy does not let the rule invoke it'; }
    this.lambda.invokeLater(lambda.arn, JSON.parse(input));
    return undefined;
  }

  private async toCodeBuild(rule: Rule, target: Target, input: string): Promise<string | undefined> {
    const credentials = await this.surroundings.roles.assume(target.RoleArn ?? '', EVENTS, rule.name);
    if (!credentials) { return 'The target\'s role cannot be assumed'; }
    const projectName = target.Arn.split('/').pop()!;
    // Without an input of its own the project gets the event, and knows nothing in it.
    const parameters = target.Input ?? target.InputTransformer ? JSON.parse(input) as object : {};
    await callJson({ endpoint: this.surroundings.endpoint(), region: target.Arn.split(':')[3], credentials }, 'codebuild', 'CodeBuild_20161006.StartBuild', { ...parameters, projectName });
    return undefined;
  }
}

/** A template of a text alone is one in quotes. */
function unquoted(input: string): string {
  if (!/^".*"$/s.test(input)) { return input; }
  try { return JSON.parse(input) as string; } catch { return input.slice(1, -1); }
}
