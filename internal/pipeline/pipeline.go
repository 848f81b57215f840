// Package pipeline holds the rules by which qualified leads reach those who sell: working time, rotation, routing. Pure: it
// knows no rows and no clock of its own, so that what it decides can be rehearsed.
package pipeline
