//go:build gc && !purego

package kernel

func winogradWeightsAVX512() winogradWeightsKernels { return winogradWeightsGeneric() }

func winogradWeightsAVX2() winogradWeightsKernels { return winogradWeightsGeneric() }
