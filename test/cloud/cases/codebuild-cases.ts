import { codeOf, type Cases } from './case';
import { makeProject } from '../service-fixture';

const PHASES = { build: { commands: ['true'] } };

/** What CodeBuild does. How builds run is in `codebuild.test.ts`. */
export const CODEBUILD_CASES: Cases = {
  'codebuild:CreateProject': async ({ cloud, to }) => {
    await makeProject(to, PHASES);
    expect((await to.codeBuild.batchGetProjects({ names: ['images'] })).projects).toMatchObject([{
      arn: `arn:aws:codebuild:${cloud.region}:${cloud.account}:project/images`, timeoutInMinutes: 60, source: { type: 'NO_SOURCE' },
    }]);
    const serviceRole = `arn:aws:iam::${cloud.account}:role/role-of-codebuild`;
    expect(await codeOf(makeProject(to, PHASES, { serviceRole }))).toBe('ResourceAlreadyExistsException');
    expect(await codeOf(makeProject(to, PHASES, { serviceRole, name: 'long', timeoutInMinutes: 2161 }))).toBe('InvalidInputException');
    expect(await codeOf(makeProject(to, PHASES, { serviceRole: `${serviceRole}-none`, name: 'other' }))).toBe('InvalidInputException');
  },
  'codebuild:UpdateProject': async ({ to }) => {
    await makeProject(to, PHASES);
    expect((await to.codeBuild.updateProject({ name: 'images', timeoutInMinutes: 2160 })).project).toMatchObject({ timeoutInMinutes: 2160, queuedTimeoutInMinutes: 480 });
    expect(await codeOf(to.codeBuild.updateProject({ name: 'none' }))).toBe('ResourceNotFoundException');
  },
  'codebuild:DeleteProject': async ({ to }) => {
    await makeProject(to, PHASES);
    for (const name of ['images', 'images']) { await to.codeBuild.deleteProject({ name }); }
    expect((await to.codeBuild.listProjects({})).projects).toEqual([]);
  },
  'codebuild:BatchGetProjects': async ({ to }) => { expect(await to.codeBuild.batchGetProjects({ names: ['none'] })).toMatchObject({ projects: [], projectsNotFound: ['none'] }); },
  'codebuild:ListProjects': async ({ to }) => {
    await makeProject(to, PHASES);
    expect((await to.codeBuild.listProjects({})).projects).toEqual(['images']);
  },
  'codebuild:StartBuild': async ({ to }) => {
    await makeProject(to, PHASES);
    const { build } = await to.codeBuild.startBuild({ projectName: 'images', timeoutInMinutesOverride: 90 });
    expect(build).toMatchObject({ buildStatus: 'IN_PROGRESS', buildNumber: 1, timeoutInMinutes: 90, logs: { groupName: '/aws/codebuild/images' } });
    expect(await codeOf(to.codeBuild.startBuild({ projectName: 'none' }))).toBe('ResourceNotFoundException');
  },
  'codebuild:StopBuild': async ({ cloud, to }) => {
    await makeProject(to, { build: { commands: ['sleep 60'] } });
    const { build } = await to.codeBuild.startBuild({ projectName: 'images' });
    await to.codeBuild.stopBuild({ id: build!.id });
    await cloud.services.codeBuild.settled();
    expect((await to.codeBuild.batchGetBuilds({ ids: [build!.id!] })).builds).toMatchObject([{ buildStatus: 'STOPPED', buildComplete: true }]);
    expect(await codeOf(to.codeBuild.stopBuild({ id: 'images:none' }))).toBe('ResourceNotFoundException');
  },
  'codebuild:BatchGetBuilds': async ({ to }) => {
    await makeProject(to, PHASES);
    const { build } = await to.codeBuild.startBuild({ projectName: 'images' });
    const { builds, buildsNotFound } = await to.codeBuild.batchGetBuilds({ ids: [build!.arn!, 'images:none'] });
    expect([builds!.map(({ id }) => id), buildsNotFound]).toEqual([[build!.id], ['images:none']]);
  },
  'codebuild:ListBuildsForProject': async ({ to }) => {
    await makeProject(to, PHASES);
    const begin = async () => (await to.codeBuild.startBuild({ projectName: 'images' })).build!.id;
    const [first, second] = [await begin(), await begin()];
    expect((await to.codeBuild.listBuildsForProject({ projectName: 'images' })).ids).toEqual([second, first]);
  },
};
