import { randomUUID } from 'crypto';
import type { Deliveries } from './delivery';
import type { CloudEvent, Rule, Target } from './event';
import { matchesPattern, readPattern } from './event-pattern';
import { ApiError } from '../protocol/api-error';
import { answer, type Service, type ServiceAnswer, type ServiceCall } from '../service';

interface Place {
  readonly account: string;
  readonly region: string;
}

interface PutRuleInput {
  readonly Name: string;
  readonly EventPattern?: string;
  readonly ScheduleExpression?: string;
  readonly State?: string;
  readonly Description?: string;
  readonly EventBusName?: string;
}

interface PutEntry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Resources?: readonly string[];
}

const UNDERSTOOD = new Set(['Name', 'EventPattern', 'ScheduleExpression', 'State', 'Description', 'EventBusName', 'Tags']);
const TARGET_PARTS = new Set(['Id', 'Arn', 'RoleArn', 'Input', 'InputPath', 'InputTransformer', 'RetryPolicy']);

/** EventBridge's default bus. Schedules do not run by themselves: tests let them. */
export class EventsService implements Service {
  /** Everything that was put on the bus, in order. */
  readonly seen: CloudEvent[] = [];
  private readonly rules = new Map<string, Rule>();
  private readonly going = new Set<Promise<void>>();

  private readonly calls: { readonly [action: string]: (call: ServiceCall) => object } = {
    PutRule: (call) => ({ RuleArn: this.putRule(call, call.input as unknown as PutRuleInput).arn }),
    DescribeRule: (call) => describe(this.rule(call)),
    ListRules: (call) => ({ Rules: this.rulesOf(call).map(describe) }),
    EnableRule: (call) => this.able(call, true),
    DisableRule: (call) => this.able(call, false),
    DeleteRule: (call) => this.deleteRule(call),
    PutTargets: (call) => this.putTargets(call),
    RemoveTargets: (call) => this.removeTargets(call),
    ListTargetsByRule: (call) => ({ Targets: this.rule(call, 'Rule').targets }),
    PutEvents: (call) => this.putEvents(call),
  };
  readonly actions = new Set(Object.keys(this.calls));

  constructor(private readonly deliveries: Deliveries, private readonly now: () => number) {}

  async handle(call: ServiceCall): Promise<ServiceAnswer> {
    return answer(this.calls[call.action](call));
  }

  /** Something happened: whoever waits for it is told, after this returns. */
  emit({ account, region }: Place, what: Pick<CloudEvent, 'detail-type' | 'source' | 'resources' | 'detail'>): CloudEvent {
    const event: CloudEvent = {
      version: '0', id: randomUUID(), ...what, account, region, time: new Date(this.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    this.seen.push(event);
    const plain = JSON.parse(JSON.stringify(event)) as CloudEvent;
    for (const rule of this.rulesOf({ account, region })) {
      if (rule.enabled && rule.pattern !== undefined && matchesPattern(readPattern(rule.pattern), plain as never)) { this.deliver(plain, rule); }
    }
    return event;
  }

  /** Lets the time of a scheduled rule come. */
  fire(place: Place, name: string): void {
    const rule = this.find(place, name);
    if (rule.schedule === undefined) { throw new Error(`The rule ${name} has no schedule`); }
    if (!rule.enabled) { return; }
    const event: CloudEvent = {
      'version': '0',
      'id': randomUUID(),
      'detail-type': 'Scheduled Event',
      'source': 'aws.events',
      'account': rule.account,
      'region': rule.region,
      'time': new Date(this.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
      'resources': [rule.arn],
      'detail': {},
    };
    this.seen.push(event);
    this.deliver(event, rule);
  }

  rulesOf({ account, region }: Place): Rule[] {
    return [...this.rules.values()].filter((rule) => rule.account === account && rule.region === region);
  }

  async settled(): Promise<void> {
    while (this.going.size > 0) { await Promise.allSettled([...this.going]); }
  }

  async reset(): Promise<void> {
    await this.settled();
    this.rules.clear();
    this.seen.length = 0;
    this.deliveries.clear();
  }

  private deliver(event: CloudEvent, rule: Rule): void {
    for (const target of rule.targets) {
      const going = this.deliveries.deliver(event, rule, target);
      this.going.add(going);
      void going.finally(() => this.going.delete(going));
    }
  }

  private putRule({ account, region }: Place, input: PutRuleInput): Rule {
    const unknown = Object.keys(input).find((name) => !UNDERSTOOD.has(name));
    if (unknown !== undefined) { throw invalid(`${unknown} is not known here`); }
    if (input.EventBusName !== undefined && input.EventBusName !== 'default') { throw new ApiError('ResourceNotFoundException', `Event bus ${input.EventBusName} does not exist.`); }
    if (input.EventPattern === undefined && input.ScheduleExpression === undefined) { throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.'); }
    if (input.EventPattern !== undefined) { readPattern(input.EventPattern); }
    if (input.ScheduleExpression !== undefined && !/^(rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+ \S+ \S+ \S+ \S+ \S+\))$/.test(input.ScheduleExpression)) {
      throw invalid('Parameter ScheduleExpression is not valid.');
    }
    const arn = `arn:aws:events:${region}:${account}:rule/${input.Name}`;
    return this.keep({
      name: input.Name,
      arn,
      account,
      region,
      description: input.Description,
      pattern: input.EventPattern,
      schedule: input.ScheduleExpression,
      enabled: input.State !== 'DISABLED',
      targets: this.rules.get(arn)?.targets ?? [],
    });
  }

  private deleteRule(call: ServiceCall): object {
    const rule = this.rules.get(arnOf(call, String(call.input.Name)));
    if (rule && rule.targets.length > 0) { throw invalid('Rule can\'t be deleted since it has targets.'); }
    if (rule) { this.rules.delete(rule.arn); }
    return {};
  }

  private putTargets(call: ServiceCall): object {
    const rule = this.rule(call, 'Rule');
    const given = call.input.Targets as readonly Target[];
    const unknown = given.flatMap((target) => Object.keys(target)).find((name) => !TARGET_PARTS.has(name));
    if (unknown !== undefined) { throw invalid(`${unknown} of a target is not known here`); }
    const ids = new Set(given.map(({ Id }) => Id));
    const targets = [...rule.targets.filter(({ Id }) => !ids.has(Id)), ...given];
    if (targets.length > 5) { throw new ApiError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.'); }
    this.keep({ ...rule, targets });
    return { FailedEntryCount: 0, FailedEntries: [] };
  }

  private removeTargets(call: ServiceCall): object {
    const rule = this.rule(call, 'Rule');
    const ids = call.input.Ids as readonly string[];
    this.keep({ ...rule, targets: rule.targets.filter(({ Id }) => !ids.includes(Id)) });
    return { FailedEntryCount: 0, FailedEntries: [] };
  }

  private able(call: ServiceCall, enabled: boolean): object {
    this.keep({ ...this.rule(call), enabled });
    return {};
  }

  private putEvents(call: ServiceCall): object {
    const entries = call.input.Entries as readonly PutEntry[];
    const place = { account: call.account, region: call.region };
    return {
      FailedEntryCount: 0,
      Entries: entries.map(({ Source, DetailType, Detail, Resources = [] }) => {
        if (Source.startsWith('aws.')) { return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' }; }
        return { EventId: this.emit(place, { 'source': Source, 'detail-type': DetailType, 'resources': Resources, 'detail': JSON.parse(Detail) as object }).id };
      }),
    };
  }

  private rule(call: ServiceCall, parameter = 'Name'): Rule {
    return this.find(call, String(call.input[parameter]));
  }

  private find(place: Place, name: string): Rule {
    const rule = this.rules.get(arnOf(place, name));
    if (!rule) { throw new ApiError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`); }
    return rule;
  }

  private keep(rule: Rule): Rule {
    this.rules.set(rule.arn, rule);
    return rule;
  }
}

function arnOf({ account, region }: Place, name: string): string {
  return `arn:aws:events:${region}:${account}:rule/${name}`;
}

function describe(rule: Rule): object {
  return {
    Name: rule.name,
    Arn: rule.arn,
    Description: rule.description,
    EventPattern: rule.pattern,
    ScheduleExpression: rule.schedule,
    State: rule.enabled ? 'ENABLED' : 'DISABLED',
    EventBusName: 'default',
  };
}

function invalid(message: string): ApiError {
  return new ApiError('ValidationException', message);
}
