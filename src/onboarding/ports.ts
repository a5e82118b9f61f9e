import type { Secret } from '../secret.ts';
import type { GitOpsTarget, Target } from './request.ts';

/** Something that would stop a run, found before it has changed anything. One sentence: what is wrong and what to do. */
export type Problem = string;

export interface Organization {
  id: string;
  name: string;
  /** When it was made, milliseconds since the epoch; absent when the CLI is too old to say, and of the one that Holt asks from. */
  created?: number | undefined;
}

interface Environment {
  id: string;
  name: string;
}

export interface Invite {
  id: string;
  email: string;
  status: string;
}

export interface Credentials {
  clientId: string;
  /** Absent when the cloud does not show it (again). */
  clientSecret: Secret | undefined;
}

export interface Integration {
  id: string;
  name: string;
  environmentId: string | undefined;
  /** Whether a component in the cluster has ever reported with it. */
  connected: boolean;
  /** Absent when the cloud shows none. What is shown is checked: non-empty, no mask, plain characters. */
  credentials: Credentials | undefined;
}

/**
 * Each of these methods throws a ServiceError (or a ContractError) and nothing else. Lists are complete.
 * `organization` is always the id of the organization that is meant; nothing is taken from a session.
 */
export interface OtterizeReader {
  /** Reachable, token accepted and not about to expire. */
  check(): Promise<Problem[]>;
  listOrganizations(): Promise<Organization[]>;
  listEnvironments(organization: string): Promise<Environment[]>;
  listInvites(organization: string): Promise<Invite[]>;
  /** Addresses of the organization's members. */
  listMembers(organization: string): Promise<string[]>;
  /** The Kubernetes integrations. */
  listIntegrations(organization: string): Promise<Integration[]>;
}

export interface OtterizeWriter {
  /** A new organization with a random name. There is no way to delete one. */
  createOrganization(): Promise<Organization>;
  renameOrganization(organization: string, name: string): Promise<Organization>;
  createEnvironment(
    organization: string,
    environment: { name: string; labels: Record<string, string> },
  ): Promise<Environment>;
  createInvite(organization: string, email: string): Promise<Invite>;
  createIntegration(
    organization: string,
    integration: { environmentId: string; name: string },
  ): Promise<Integration>;
  deleteIntegration(organization: string, integration: string): Promise<void>;
}

/** A person as the directory (Microsoft Entra) knows them. */
export interface Person {
  id: string;
  name: string;
  kind: 'user' | 'other';
  mail: string | undefined;
  /** As Entra has them: `SMTP:` marks the primary address, `smtp:` the others. */
  proxyAddresses: string[];
  userPrincipalName: string | undefined;
  enabled: boolean;
  guest: boolean;
}

export interface Directory {
  /** Whether users and these groups can be read with all that Holt needs of them. */
  check(groups: readonly string[]): Promise<Problem[]>;
  /** The person whose mail, primary or further proxy address or user principal name is this address. */
  findPerson(address: string): Promise<Person | undefined>;
  /** All members, nested ones too. Throws when the permission to see their attributes is missing; a missing group is a UserError. */
  expandGroup(group: string): Promise<Person[]>;
}

export interface StoredSecret {
  version: string;
  value: Secret;
  tags: Record<string, string>;
}

export interface VaultReader {
  /** Whether the vault is there and these secrets can be read and written; writes nothing. */
  check(vault: string, names: readonly string[]): Promise<Problem[]>;
  read(vault: string, name: string): Promise<StoredSecret | 'absent' | 'deleted'>;
}

export interface VaultWriter {
  /** Writes a new version. */
  write(
    vault: string,
    name: string,
    value: Secret,
    tags: Record<string, string>,
  ): Promise<{ version: string }>;
  /** Brings a soft-deleted secret back and returns when it can be read again. */
  recover(vault: string, name: string): Promise<void>;
}

export interface Pull {
  number: number;
  url: string;
  state: 'open' | 'merged' | 'closed';
  title: string;
  body: string;
}

export interface Branch {
  /** Sha of its head. */
  commit: string;
  /** Whether every commit on it that the base does not have is one of Holt's. */
  ours: boolean;
}

/** A path to its text; absent files are undefined. */
export type Files = Record<string, string | undefined>;

/** `repository` is `owner/name` throughout. */
export interface RepositoryReader {
  /** Whether the repository and the base branch are there and can be written. */
  check(repository: string, base: string): Promise<Problem[]>;
  /** The files at the head of a branch, and the sha of that head. Text is returned as it is, line ends included. */
  readFiles(
    repository: string,
    branch: string,
    paths: readonly string[],
  ): Promise<{ commit: string; files: Files }>;
  /** Names of the folders right below this one at the head of a branch; none when it is not there. */
  listFolders(repository: string, branch: string, folder: string): Promise<string[]>;
  findBranch(repository: string, branch: string, base: string): Promise<Branch | undefined>;
  /** Pull requests from the branch to the base, newest first, in any state. */
  findPulls(repository: string, branch: string, base: string): Promise<Pull[]>;
}

export interface RepositoryWriter {
  /**
   * One commit that consists of the tree of `tree` (a commit's sha) plus `files`, with `parents`; then the branch is
   * created or moved forward to it, never forced. A branch that moved meanwhile is a retryable ServiceError.
   */
  commit(
    repository: string,
    commit: {
      branch: string;
      /** The head that the branch has now, undefined when it does not exist. */
      head: string | undefined;
      tree: string;
      parents: readonly string[];
      files: Record<string, string>;
      message: string;
    },
  ): Promise<{ commit: string }>;
  openPull(
    repository: string,
    pull: { branch: string; base: string; title: string; body: string },
  ): Promise<Pull>;
  updatePull(repository: string, number: number, text: { title: string; body: string }): Promise<Pull>;
}

/** A cluster whose credentials are in the vault. */
export interface Onboarded {
  target: Target;
  clientId: string;
}

/** A layout of GitOps repositories: text to text. */
export interface Layout {
  /** Files are being read: whatever `edit` needs may get ready meanwhile. */
  prepare(): void;
  /** The files to read before `edit`. */
  paths(gitops: GitOpsTarget): string[];
  /** The files that must be in `chartRepository` already, for a run opens one pull request. */
  elsewhere(gitops: GitOpsTarget): string[];
  /** The files that must change, with their new text; empty when everything is in place. Throws a UserError that names a file it will not touch. */
  edit(onboarded: readonly Onboarded[], files: Files): Promise<Record<string, string>>;
  /** What a person does once the pull request is merged. */
  afterMerge(target: Target): string[];
}

/** Ids that several runs compete for. The first claim holds; a repeated claim by its holder is true again. */
export interface Claims {
  claim(pool: string, id: string, run: string): Promise<boolean>;
  /** id to the run that holds it. */
  holders(pool: string): Promise<Record<string, string>>;
  release(pool: string, id: string): Promise<void>;
}

/** The half of the outside world that a step may use anywhere. */
export interface Readers {
  otterize: OtterizeReader;
  directory: Directory;
  vault: VaultReader;
  repository: RepositoryReader;
  layout: Layout;
}

/** The half that exists only inside an effect's `create`. */
export interface Writers {
  otterize: OtterizeWriter;
  vault: VaultWriter;
  repository: RepositoryWriter;
}
