import type { ConformanceEntry } from './entry';

type Actions = { readonly [action: string]: string };

const entries = (by: ConformanceEntry['by'], service: string, source: string, actions: Actions): ConformanceEntry[] => (
  Object.entries(actions).map(([action, behaviour]) => ({ service, action, behaviour, source: `${source}/API_${action}.html`, by }))
);

/** Functions, builds, events, notifications and logs. */
export const SERVICE_ENTRIES: readonly ConformanceEntry[] = [
  ...entries('overlay', 'lambda', 'https://docs.aws.amazon.com/lambda/latest/api', {
    CreateFunction: 'its role must trust Lambda; the code is really run by Node.js',
    GetFunction: 'ResourceNotFoundException',
    GetFunctionConfiguration: 'ResourceNotFoundException',
    ListFunctions: 'all of account and region',
    UpdateFunctionCode: 'the next invocation has it',
    UpdateFunctionConfiguration: 'no variable with a reserved name, and 4 KB of them',
    DeleteFunction: 'ResourceNotFoundException for one that is gone',
    AddPermission: 'one statement by its ID; ResourceConflictException for one in use',
    RemovePermission: 'ResourceNotFoundException',
    GetPolicy: 'ResourceNotFoundException without one',
    PutFunctionEventInvokeConfig: 'how often a failed event is tried again',
    Invoke: 'waits for an answer, or takes an event and tries a failing function three times; its role\'s credentials; log in /aws/lambda/<name>; killed at its timeout',
  }),
  ...entries('overlay', 'codebuild', 'https://docs.aws.amazon.com/codebuild/latest/APIReference', {
    CreateProject: 'the service role must trust CodeBuild; timeouts of 5 to 2160 minutes',
    UpdateProject: 'keeps what is not given',
    DeleteProject: 'one that is gone is no error',
    BatchGetProjects: 'those that are there, and names of others',
    ListProjects: 'names',
    StartBuild: 'really executes the buildspec; the same idempotency token gives the same build for five minutes',
    StopBuild: 'STOPPED, and no further phase',
    BatchGetBuilds: 'phases, status and where the log is',
    ListBuildsForProject: 'newest first',
  }),
  ...entries('overlay', 'events', 'https://docs.aws.amazon.com/eventbridge/latest/APIReference', {
    PutRule: 'InvalidEventPatternException; ValidationException for a schedule that is none',
    DescribeRule: 'ResourceNotFoundException',
    ListRules: 'of the default bus',
    EnableRule: 'events of the bus reach its targets',
    DisableRule: 'they do not',
    DeleteRule: 'not while it has targets; one that is gone is no error',
    PutTargets: 'five at most; each needs a permission of its own',
    RemoveTargets: 'by ID',
    ListTargetsByRule: 'as they were put',
    PutEvents: 'not in the name of AWS',
  }),
  ...entries('overlay', 'sns', 'https://docs.aws.amazon.com/sns/latest/api', {
    Publish: 'NotFound for a topic that is gone',
  }),
  ...entries('moto', 'sns', 'https://docs.aws.amazon.com/sns/latest/api', {
    CreateTopic: 'the same ARN for the same name',
    DeleteTopic: 'one that is gone is no error',
    GetTopicAttributes: 'its policy among them',
    SetTopicAttributes: 'its policy',
    ListTopics: 'in pages',
    Subscribe: 'an address',
    Unsubscribe: 'no longer',
    ListSubscriptionsByTopic: 'in pages',
  }),
  ...entries('moto', 'logs', 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference', {
    CreateLogGroup: 'ResourceAlreadyExistsException',
    DeleteLogGroup: 'ResourceNotFoundException',
    DescribeLogGroups: 'by prefix',
    PutRetentionPolicy: 'days',
    DeleteRetentionPolicy: 'for ever',
    CreateLogStream: 'ResourceNotFoundException without its group',
    DescribeLogStreams: 'of a group',
    PutLogEvents: 'in the order of their times',
    GetLogEvents: 'the last ones, or from the head',
    FilterLogEvents: 'of several streams',
  }),
];
