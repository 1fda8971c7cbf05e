"""What plugin authors test their models with: the checks (`conformance`) and a pytest plugin of them (`plugin`)."""
