import type { Context } from 'hono';
import { look, type NamedSecret, newVersion, type Rights, secretOf, type Vault, type Version, type VaultSeeds, createVaults } from './azure-secrets.ts';
import { audiences } from './azure-tokens.ts';
import type { EntraStandIn } from './entra.ts';
import { createStandIn, type Env, type StandIn } from './kit.ts';
