//! Changes to what plugins get, by the command line: grants, switching on and off, forgetting one.

use jsonc_parser::cst::{CstInputValue as Input, CstObject};

use crate::{
    edit::{Document, EditError, set, texts},
    plugin_file::{Grants, HttpGrant},
};

impl Document {
    /// Makes the plugin's grants these; what else stands in its entry stays.
    ///
    /// # Errors
    /// [`EditError::Syntax`] or [`EditError::Unexpected`]; nothing is changed then.
    pub fn grant_plugin(&mut self, name: &str, grants: &Grants) -> Result<(), EditError> {
        self.change(|root| {
            let Grants { http, sockets, private_networks } = grants;
            let http = match http {
                HttpGrant::All => Some(Input::Bool(true)),
                HttpGrant::Only(hosts) => texts(hosts.iter().map(String::as_str)),
            };
            let entry = group(&entry(root, name)?, "grants", "plugins.use")?;
            let networks = texts(private_networks.iter().map(crate::text::IpRange::as_str));
            set(&entry, vec![("http", http), ("sockets", sockets.then_some(Input::Bool(true))), ("privateNetworks", networks)]);
            Ok(())
        })
    }

    /// Switches the plugin on or off; what it was given stays.
    ///
    /// # Errors
    /// As [`Document::grant_plugin`].
    pub fn enable_plugin(&mut self, name: &str, enabled: bool) -> Result<(), EditError> {
        // To be on is the default, and needs no line.
        self.change(|root| {
            set(&entry(root, name)?, vec![("enabled", (!enabled).then_some(Input::Bool(false)))]);
            Ok(())
        })
    }

    /// Forgets all that the plugin was given, its secrets too. `false` if there was nothing.
    ///
    /// # Errors
    /// As [`Document::grant_plugin`].
    pub fn remove_plugin(&mut self, name: &str) -> Result<bool, EditError> {
        self.change(|root| {
            let uses = root.object_value("plugins").and_then(|plugins| plugins.object_value("use"));
            let Some(property) = uses.and_then(|uses| uses.get(name)) else { return Ok(false) };
            property.remove();
            Ok(true)
        })
    }
}

fn entry(root: &CstObject, name: &str) -> Result<CstObject, EditError> {
    let plugins = group(root, "plugins", "plugins")?;
    let uses = group(&plugins, "use", "plugins.use")?;
    group(&uses, name, "plugins.use")
}

fn group(parent: &CstObject, key: &str, path: &'static str) -> Result<CstObject, EditError> {
    parent.object_value_or_create(key).ok_or(EditError::Unexpected { path, expected: "a group" })
}
