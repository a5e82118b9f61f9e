import * as fc from 'fast-check';

// A mutant that a property does not notice within its first cases, it hardly notices later; there are hundreds of mutants.
fc.configureGlobal({ interruptAfterTimeLimit: 2_000 });
