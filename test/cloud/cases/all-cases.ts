import type { Cases } from './case';
import { CODEBUILD_CASES } from './codebuild-cases';
import { EVENTS_CASES } from './events-cases';
import { IMAGE_CASES } from './image-cases';
import { INSTANCE_CASES } from './instance-cases';
import { LAMBDA_CASES } from './lambda-cases';
import { MOTO_STORIES } from './moto-cases';
import { SERVICE_CASES } from './service-cases';
import { STACK_CASES } from './stack-cases';
import { STACK_STORIES } from './stack-stories';
import { SURROUNDINGS_CASES } from './surroundings-cases';

/** What shows each call that we answer ourselves, by `service:action`. */
export const CASES: Cases = {
  ...INSTANCE_CASES, ...IMAGE_CASES, ...SURROUNDINGS_CASES, ...SERVICE_CASES, ...LAMBDA_CASES, ...CODEBUILD_CASES, ...EVENTS_CASES, ...STACK_CASES,
};

/** What shows those of moto's, several in each. */
export const STORIES = { ...MOTO_STORIES, ...STACK_STORIES };
