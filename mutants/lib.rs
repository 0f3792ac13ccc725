
// Added by `mutants/check` to the tests of the domain, which become a library.
#[cfg(test)]
extern crate self as slowburn;
pub mod domain;

/// What the domain's tests ask of the engine.
#[cfg(test)]
pub mod engine {
    pub mod persist {
        use crate::domain::state::State;
        use std::collections::BTreeMap;

        pub fn parts(state: &State) -> postcard::Result<BTreeMap<String, Vec<u8>>> {
            let parts = postcard::to_stdvec(&(&state.core, &state.targets, &state.slos))?;
            Ok(BTreeMap::from([("all".to_owned(), parts)]))
        }
    }
}
