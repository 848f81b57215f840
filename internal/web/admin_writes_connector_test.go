package web_test

// connectorWrites are the posts of this part, as writes are those of the others.
var connectorWrites = map[string]staffWrite{}
